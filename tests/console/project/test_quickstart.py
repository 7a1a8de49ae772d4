"""The parts of quickstart: data directory, processes, Redis, banner."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from console.core.environment import DataDirError, adopt_data_dir, load_environment
from console.core.processes import Identity, end, recall, remember
from console.project.quickstart import redis
from console.project.quickstart.choice import Choice, choose
from console.project.quickstart.datadir import DataDir, prepare
from console.project.quickstart.listen import Listen
from console.project.quickstart.report import banner
from console.project.quickstart.runner import Quickstart
from tests.waiting import wait_for
from vpn.drivers.registry import DRIVERS, DriverEntry


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DataDir]:
    made = DataDir(tmp_path / "data")
    made.make()
    yield made
    made.tidy()


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


SLEEPER = python("import time; print('here', flush=True); time.sleep(60)")


class TestListen:
    @pytest.mark.parametrize(
        ("text", "url"),
        [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::1]:8000", "http://[::1]:8000"),
            ("localhost:1", "http://localhost:1"),
        ],
    )
    def test_says_where_to_go(self, text: str, url: str) -> None:
        assert Listen.parse(text).url == url

    @pytest.mark.parametrize("text", ["8000", ":8000", "host:", "host:0", "host:65536", "host:web"])
    def test_refuses_what_is_no_address(self, text: str) -> None:
        with pytest.raises(DataDirError, match="HOST:PORT"):
            Listen.parse(text)

    @pytest.mark.parametrize("text", ["127.0.0.1:80", "127.0.0.2:80", "[::1]:80", "localhost:80"])
    def test_on_this_machine_alone_there_is_nothing_to_say(self, text: str) -> None:
        assert Listen.parse(text).warning == ""

    @pytest.mark.parametrize("text", ["0.0.0.0:80", "[::]:80", "10.1.2.3:80", "vpn.example.org:80"])
    def test_warns_of_plain_http(self, text: str) -> None:
        warning = Listen.parse(text).warning
        assert f"{text} serves other machines by plain HTTP" in warning
        assert "passwords and API keys travel in clear" in warning and "ISTHMUS_BEHIND_TLS" in warning

    def test_allows_its_own_names_alone(self) -> None:
        assert Listen.parse("10.1.2.3:80").allowed_hosts == "127.0.0.1,localhost,[::1],10.1.2.3"


class TestDataDir:
    def test_is_for_its_owner_alone(self, place: DataDir) -> None:
        place.update_environment({"ISTHMUS_SECRET_KEY": "s"})
        place.write_credentials({"api_key": "k"})
        assert stat.S_IMODE(place.directory.stat().st_mode) == place.mode in {0o700, 0o711}
        for path in (place.environment, place.credentials):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_two_do_not_share_it(self, place: DataDir) -> None:
        place.lock()
        with pytest.raises(DataDirError, match=f"process {os.getpid()}.*already runs"):
            DataDir(place.directory).lock()

    def test_keeps_what_a_person_added(self, place: DataDir) -> None:
        place.environment.write_text("# mine\nISTHMUS_QUOTA_GATEWAYS=7\nISTHMUS_DRIVER=simulated\n")
        place.update_environment({"ISTHMUS_DRIVER": "strongswan"})
        found = place.read_environment()
        assert found == {"ISTHMUS_QUOTA_GATEWAYS": "7", "ISTHMUS_DRIVER": "strongswan"}

    def test_sockets_fit_where_the_name_is_long(self, tmp_path: Path) -> None:
        deep = DataDir(tmp_path / ("a" * 100))
        assert len(str(deep.redis_socket)) < 100
        assert deep.installation in str(deep.sockets)

    def test_the_short_directory_goes_when_nothing_needs_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
        deep = DataDir(tmp_path / ("a" * 100))
        deep.make()
        (deep.driver / "m").mkdir(parents=True)
        deep.tidy()
        assert (deep.driver / "m").exists(), "a member exists there"
        (deep.driver / "m").rmdir()
        deep.tidy()
        assert not deep.sockets.exists()
        deep.make()
        assert deep.sockets.exists()

    def test_instances_differ_and_stay(self, tmp_path: Path) -> None:
        one, other = DataDir(tmp_path / "one"), DataDir(tmp_path / "other")
        assert one.installation == DataDir(tmp_path / "x" / ".." / "one").installation != other.installation
        assert one.installation.isalnum() and len(one.installation) == 8

    def test_prepare_makes_keys_once(self, tmp_path: Path) -> None:
        script = (
            "import os, sys; from console.project.quickstart.datadir import prepare; prepare(sys.argv);"
            "print(os.environ['ISTHMUS_SECRET_KEY'], os.environ['ISTHMUS_ENCRYPTION_KEYS'])"
        )
        plain = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
        plain["TMPDIR"] = str(tmp_path)
        command = [*python(script), "quickstart", "--data-dir", str(tmp_path / "d")]
        first, second = (
            subprocess.run(command, env=plain, capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        )
        assert first == second
        assert len(first.split()) == 2
        # As root it lies outside of the data directory, whose parents are closed to others.
        made = DataDir(tmp_path / "d")
        made.tidy()
        assert made.sockets == made.directory or not made.sockets.exists()

    def test_help_makes_nothing(self, tmp_path: Path) -> None:
        prepare(["manage.py", "quickstart", "--help", "--data-dir", str(tmp_path / "d")])
        assert not (tmp_path / "d").exists()

    def test_other_commands_take_the_settings(self, place: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ISTHMUS_REGION", raising=False)
        place.update_environment({"ISTHMUS_REGION": "eu-de", "ISTHMUS_INSTALLATION": "file"})
        monkeypatch.setenv("ISTHMUS_INSTALLATION", "mine")
        argv = ["manage.py", "doctor", "--data-dir", str(place.directory), "--json"]
        adopt_data_dir(argv)
        assert argv == ["manage.py", "doctor", "--json"]
        assert os.environ["ISTHMUS_REGION"] == "eu-de"
        assert os.environ["ISTHMUS_INSTALLATION"] == "mine"
        monkeypatch.delenv("ISTHMUS_REGION")

    @pytest.mark.parametrize("before", [[], ["--data-dir", "DIR"], ["--data-dir=DIR"]])
    def test_words_of_an_inner_command_stay(
        self, place: DataDir, monkeypatch: pytest.MonkeyPatch, before: list[str]
    ) -> None:
        monkeypatch.setenv("ISTHMUS_DATA_DIR", str(place.directory))
        given = [word.replace("DIR", str(place.directory)) for word in before]
        argv = ["manage.py", "inside", *given, "vsi-1", "prog", "--data-dir", "its-own"]
        place.update_environment({})
        adopt_data_dir(argv)
        assert argv == ["manage.py", "inside", "vsi-1", "prog", "--data-dir", "its-own"]

    def test_other_commands_refuse_an_empty_directory(self, tmp_path: Path) -> None:
        assert not load_environment(tmp_path)
        with pytest.raises(SystemExit, match="no installation in"):
            adopt_data_dir(["manage.py", "doctor", f"--data-dir={tmp_path}"])


class TestClaimAddress:
    CODE = (
        "import signal, socket; held = socket.create_server(('127.0.0.1', 0));"
        "print(held.getsockname()[1], flush=True); signal.pause()"
    )

    @pytest.fixture
    def holder(self) -> Iterator[subprocess.Popen[str]]:
        """A process that listens; its port is its first line."""
        with subprocess.Popen(python(self.CODE), stdout=subprocess.PIPE, text=True) as process:
            yield process
            process.kill()

    def claim(self, place: DataDir, holder: subprocess.Popen[str]) -> Quickstart:
        assert holder.stdout is not None
        listen = Listen("127.0.0.1", int(holder.stdout.readline()))
        return Quickstart(place, listen, driver="simulated", example=False)

    def test_what_a_killed_one_has_left_there_is_ended_first(
        self, place: DataDir, holder: subprocess.Popen[str]
    ) -> None:
        quickstart, identity = self.claim(place, holder), Identity.of(holder.pid)
        assert identity is not None
        remember(place.processes, {"web": identity})
        quickstart._claim_address()
        assert holder.wait(5) == -signal.SIGTERM

    def test_children_of_what_it_has_left_have_a_moment_to_end(
        self, place: DataDir, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed together with its web, whose workers see only a moment later that they have to end."""
        quickstart, identity = self.claim(place, holder), Identity.of(os.getpid())
        assert identity is not None
        remember(place.processes, {"web": identity._replace(started=0)})
        refusals = [quickstart._refusal()]
        monkeypatch.setattr(quickstart, "_refusal", lambda: refusals.append(None) or refusals[-2])
        quickstart._claim_address()
        assert refusals[0] == "Address already in use"

    def test_an_address_in_use_is_refused_at_once(
        self, place: DataDir, holder: subprocess.Popen[str]
    ) -> None:
        with pytest.raises(DataDirError, match=r"cannot listen on .* \(Address already in use\)"):
            self.claim(place, holder)._claim_address()
        assert holder.poll() is None


class TestProcesses:
    def test_are_found_again_and_ended(self, place: DataDir) -> None:
        process = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
        identity = Identity.of(process.pid)
        assert identity is not None
        remember(place.processes, {"sleeper": identity})
        assert recall(place.processes) == {"sleeper": identity}
        end(recall(place.processes).values())
        assert process.wait(5) == -signal.SIGTERM
        assert recall(place.processes) == {}

    def test_another_with_the_same_pid_is_left_alone(self) -> None:
        process = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
        identity = Identity.of(process.pid)
        assert identity is not None
        stranger = identity._replace(started=identity.started - 1)
        end([stranger], seconds=0.1)
        assert process.poll() is None
        end([identity])
        process.wait(5)

    def test_a_zombie_does_not_live(self) -> None:
        process = subprocess.Popen(python(""))
        wait_for(lambda: Identity.of(process.pid) is None, 5)
        process.wait()

    def test_a_damaged_file_counts_as_none(self, place: DataDir) -> None:
        place.processes.write_text("{")
        assert recall(place.processes) == {}


def test_the_private_redis_listens_on_its_socket_alone(place: DataDir) -> None:
    process = subprocess.Popen(redis.command(place.redis_socket, place.directory / "redis"))
    try:
        wait_for(lambda: redis.responds(place.redis_socket), 10)
        assert stat.S_IMODE(place.redis_socket.stat().st_mode) == 0o700
        listening = Path(f"/proc/{process.pid}/net/tcp").read_text()
        inodes = set()
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            # A file of its own that it has closed meanwhile, or the connection that asked it.
            with suppress(FileNotFoundError):
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
        assert not any(line.split()[9] in inodes for line in listening.splitlines()[1:])
    finally:
        process.terminate()
        process.wait(10)
    assert not redis.responds(place.redis_socket)


@pytest.mark.parametrize("driver", ["simulated", "another"])
def test_a_driver_other_than_strongswan_is_used_as_requested(
    place: DataDir, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DRIVERS, "another", DriverEntry("a.module", "AClass", True, False))
    choice = choose(driver, place)
    assert choice == Choice(driver)
    known = dict.fromkeys(("url", "username", "password", "api_key"), "x")
    text = banner(known, place, choice, is_first=True, seconds=1.0)
    assert f"Driver    {driver}" in text
    assert ("no packets are carried" in text) is (driver == "simulated")


@pytest.mark.parametrize("first", [True, False])
def test_the_banner_shows_the_password_only_once(place: DataDir, first: bool) -> None:
    known = {"url": "http://127.0.0.1:8000", "username": "admin", "password": "pw-1", "api_key": "isth_x"}
    choice = Choice("simulated", missing=("charon-systemd missing. To fix it: apt-get install",))
    text = banner(known, place, choice, is_first=first, seconds=1.0)
    assert ("pw-1" in text) is first
    assert "no packets are carried" in text
    assert "To fix it: apt-get install" in text
    assert text.count("curl -H") == 2
