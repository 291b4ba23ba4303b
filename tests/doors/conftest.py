"""An attack leaves nothing behind: what it writes lands in a folder of its own, and its figures are closed."""

import pytest


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")
