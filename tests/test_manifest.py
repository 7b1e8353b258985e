"""A manifest is read whole or refused in one message that names the file and the key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from proctor.manifest import ManifestError, fill, read_manifest

Write = Callable[[str], Path]

WHOLE = """
[implementation]
name = "sound"
profiles = ["wire", "client"]

[server]
command = ["{python}", "serve.py", "--bind", "{host}:{port}"]
ready = "port"

[client]
command = ["drive", "{zookeeper}", "{root}"]

[capabilities]
methods = ["ping", "pi", "divide"]
reload = "exec"

[limits]
stop_s = 2
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        (tmp_path / "impl.toml").write_text(text)
        return tmp_path

    return write


def test_a_whole_manifest_is_read_from_its_folder_or_its_file(write: Write) -> None:
    folder = write(WHOLE)
    for manifest in (read_manifest(folder), read_manifest(folder / "impl.toml")):
        assert manifest.about.name == "sound"
        assert manifest.promise("stop_s") == 2
        assert manifest.promise("reap_s") == 1
        assert manifest.claims()["reload"] == "exec"
        assert manifest.claims()["port"] is True
        assert manifest.byte_order == "little"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "sound"', "", "missing required field `name` - at `$.implementation`"),
        ('name = "sound"', "name = 7", "Expected `str`, got `int` - at `$.implementation.name`"),
        ('name = "sound"', 'name = "sound"\ncolour = "red"', "unknown field `colour` - at `$.implementation`"),
        ("[limits]", "[limit]", "unknown field `limit`"),
        ("[limits]", "[build]\n[limits]", "missing required field `command` - at `$.build`"),
        ("[limits]", "[build]\ncommand = []\n[limits]", "build.command is empty"),
        ("[limits]", '[build]\ncommand = ["make"]\nshell = true\n[limits]', "unknown field `shell` - at `$.build`"),
        ("[limits]", '[build]\ncommand = ["{port}"]\n[limits]', "no placeholder {port}; there are {python}"),
        ("[limits]", '[build]\ncommand = ["make"]\ncwd = "no"\n[limits]', "build.cwd = 'no': no such folder"),
        (
            '"wire", "client"',
            '"wires"',
            "implementation.profiles: no profile is called 'wires'; there are wire, discovery",
        ),
        ('"wire", "client"', "", "implementation.profiles is empty: nothing would be examined"),
        ("{host}", "{hots}", "server.command: '{hots}:{port}': no placeholder {hots}; there are {host}"),
        ("{host}", "{host", "server.command: '{host:{port}'"),
        ('["drive", "{zookeeper}", "{root}"]', "[]", "client.command is empty"),
        ('command = ["drive", "{zookeeper}", "{root}"]', 'command = "drive"', "Expected `array`, got `str`"),
        ('"serve.py"', '"serve\\u0000.py"', r"server.command: 'serve\x00.py': holds a NUL"),
        ("[limits]", '[client.env]\n"" = "x"\n[limits]', "client.env: no variable can be called ''"),
        ("[limits]", '[client.env]\n"A=B" = "x"\n[limits]', "client.env: no variable can be called 'A=B'"),
        ("[limits]", '[client.env]\nA = "x\\u0000"\n[limits]', "client.env.A: holds a NUL, which no variable can"),
        ('ready = "port"', 'ready = "soon"', "Invalid enum value 'soon' - at `$.server.ready`"),
        ('ready = "port"', "", 'server.ready = "node" needs the profile discovery'),
        ('ready = "port"', 'ready = "port"\ncwd = "nowhere"', "server.cwd = 'nowhere': no such folder"),
        ("stop_s = 2", "stop = 2", "limits.stop: no limit is called so; there are max_frame_bytes"),
        ("stop_s = 2", "stop_s = 900", "limits.stop_s = 900 s: the spec allows 0.1 to 60"),
        ("stop_s = 2", 'stop_s = "2"', "Expected `float`, got `str` - at `$.limits[...]`"),
        ('reload = "exec"', 'reload = "kill"', "Invalid enum value 'kill' - at `$.capabilities.reload`"),
        ('"divide"]', '"multiply"]', "Invalid enum value 'multiply' - at `$.capabilities.methods[2]`"),
        ("[limits]", '[secrets]\nenvironment = ["A"]\n[limits]', "unknown field `environment` - at `$.secrets`"),
        ("[limits]", '[secrets]\nenv = "A"\n[limits]', "Expected `array`, got `str` - at `$.secrets.env`"),
        (
            "[limits]",
            '[secrets]\npatterns = ["("]\n[limits]',
            "secrets.patterns: '(' is no regular expression: missing )",
        ),
        ("[limits]", '[secrets]\npatterns = [".+"]\n[limits]', "secrets.patterns: '.+' matches what is no secret"),
        ("[limits]", '[secrets]\npatterns = ["x*"]\n[limits]', "secrets.patterns: 'x*' matches what is no secret"),
        ("[client]", "[client", "impl.toml: "),
    ],
)
def test_what_is_wrong_is_named_with_its_key(write: Write, old: str, new: str, says: str) -> None:
    assert old in WHOLE
    folder = write(WHOLE.replace(old, new))
    with pytest.raises(ManifestError) as caught:
        read_manifest(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'impl.toml'}: ")
    assert says in message
    assert "\n" not in message


def test_a_profile_without_its_section_is_refused(write: Write) -> None:
    about = '[implementation]\nname = "x"\nprofiles = ["{profile}"]\n'
    with pytest.raises(ManifestError, match=r"\[client\] is missing: the profile client needs it"):
        read_manifest(write(about.format(profile="client")))
    with pytest.raises(ManifestError, match=r"\[server\] is missing: the profiles wire need it"):
        read_manifest(write(about.format(profile="wire")))


def test_a_path_that_is_not_there_and_a_folder_without_manifest_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no such folder; name the one that holds impl\.toml"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match=r"holds no impl\.toml, .*, or let `proctor init` write one"):
        read_manifest(tmp_path)


def test_a_file_that_is_no_manifest_is_not_read_as_one(tmp_path: Path) -> None:
    """Its first line would be called a mistake."""
    (tmp_path / "server.py").write_text('"""A server."""\n')
    with pytest.raises(ManifestError, match=r"server\.py: no manifest; name the folder that holds impl\.toml"):
        read_manifest(tmp_path / "server.py")


def test_a_manifest_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "impl.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match=r"impl\.toml: "):
        read_manifest(tmp_path)


def test_placeholders_are_filled_and_python_is_the_interpreter_of_the_kit() -> None:
    assert fill(["{python}", "{host}:{port}", "{{}}"], host="h", port=1) == [sys.executable, "h:1", "{}"]


def test_the_values_of_secrets_come_from_every_place_that_gives_them(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "of the environment")
    text = WHOLE.replace('ready = "port"', 'ready = "port"\nenv = { TOKEN = "of the server" }')
    hide = read_manifest(write(text + '[secrets]\nenv = ["TOKEN", "NOT_SET_HERE"]\n')).redaction
    assert hide.text("of the environment, of the server, TOKEN") == "***, ***, TOKEN"
    assert read_manifest(write(text)).redaction.text("of the server") == "of the server"


def test_a_secret_too_short_to_be_told_from_other_text_is_refused_without_telling_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "q7q")
    with pytest.raises(ManifestError) as refused:
        read_manifest(write(WHOLE + '[secrets]\nenv = ["TOKEN"]\n'))
    assert "secrets.env: the value of TOKEN in the environment has 3 characters: too short" in str(refused.value)
    assert "q7q" not in str(refused.value)
