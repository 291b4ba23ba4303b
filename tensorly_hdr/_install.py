"""How to install what is missing, said in one place: no package index has this package yet."""

SOURCE = "https://github.com/tensorly/tensorly-hdr"


def command(extra: str) -> str:
    """Shell command that installs the package with an extra.

    Examples
    --------
    >>> command("plot")
    'pip install "tensorly-hdr[plot] @ git+https://github.com/tensorly/tensorly-hdr"'
    """
    return f'pip install "tensorly-hdr[{extra}] @ git+{SOURCE}"'
