"""Write asyncapi.yaml in the checkout, and say whether it changed."""

from __future__ import annotations

from pathlib import Path

from wire_document.document import as_yaml, document
from wire_document.examples import golden_files

CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> None:
    """One file, as short lines say."""
    path = CHECKOUT / "asyncapi.yaml"
    text = as_yaml(document(golden_files(CHECKOUT / "tests" / "contract" / "golden" / "v1")))
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(text, encoding="utf-8")
    print("unchanged" if text == before else "written", path.name)


if __name__ == "__main__":
    main()
