"""Write every generated file, and remove man pages of commands that are gone."""

from __future__ import annotations

from tools.generate import MAN, files


def main() -> None:
    """Write them all."""
    written = files()
    for stale in set(MAN.glob("*.1")).difference(written):
        stale.unlink()
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
