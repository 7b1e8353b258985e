"""The reader of tutorials notices what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutorials.reading import Command, File, missing, steps

TUTORIAL = """\
# A tutorial

```python title="mine/server.py"
print(1)
```

```console
$ true
$ ls -x    # exit status 2
one 17
...
two
```
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "tutorial.md"
    path.write_text(text)
    return path


def test_files_and_commands_come_in_their_order(tmp_path: Path) -> None:
    assert list(steps(written(tmp_path, TUTORIAL))) == [
        File("mine/server.py", "print(1)\n"),
        Command(8, "true", 0),
        Command(9, "ls -x", 2, ["one 17", "two"]),
    ]


@pytest.mark.parametrize("block", ["```\nls\n```", "```sh\nls\n```", "```console\nls\n```"])
def test_a_block_that_would_not_be_run_is_refused(tmp_path: Path, block: str) -> None:
    with pytest.raises(ValueError, match=r"without a title|before any command"):
        list(steps(written(tmp_path, block)))


def test_quoted_output_has_to_come_in_its_order() -> None:
    quoted = ["took 1.5 s", "wire certified 39 pass, ..."]
    assert missing(quoted, "took 27.31 s\nmore\nwire certified 4 pass, 1 fail\n") is None
    assert missing(quoted, "wire certified 39 pass, 1\ntook 27 s\n") == "wire certified 39 pass, ..."
    assert missing(quoted, "took 27 s\nwire not certified 39 pass, 1\n") == "wire certified 39 pass, ..."
    assert missing(quoted, "") == "took 1.5 s"
