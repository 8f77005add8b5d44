import sys
from pathlib import Path

from textstat.report import report

if len(sys.argv) != 2:
    sys.exit("usage: python3 -m textstat FILE")
print(report(Path(sys.argv[1]).read_text(encoding="utf-8")))
