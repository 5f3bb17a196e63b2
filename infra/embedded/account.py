"""Who PostgreSQL runs as. It refuses to run as root, so that root starts it as a system user of its own.

That user cannot pass a directory with mode 0700 (root's home, most temporary directories). Then it is given the one
capability that lets it, and where that is not to be had, data and a copy of the programs move below /var/lib/concord.
"""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "concord"


class NoServerAccount(Exception):  # noqa: N818 - says what is missing
    """No account could be found or made for the database server; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to start a server program: as which user, behind which command, and what to tell the person who asked."""

    uid: int
    gid: int
    name: str
    prefix: tuple[str, ...] = ()
    note: str | None = None

    @property
    def drops_root(self) -> bool:
        return os.geteuid() == 0

    def own(self, path: Path) -> None:
        """Give a path that we have just made to the server's user."""
        if self.drops_root:
            os.chown(path, self.uid, self.gid)

    def popen(self, command: list[str], *, output: int) -> "subprocess.Popen[bytes]":
        """Start a program as this account, detached from our terminal, so that Ctrl-C reaches us alone."""
        # setpriv changes the user itself: it needs root to raise the capability first
        switch = self.drops_root and not self.prefix
        return subprocess.Popen(  # noqa: S603
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",  # initdb gives up where it may not read the current directory
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            user=self.uid if switch else None,
            group=self.gid if switch else None,
            extra_groups=[] if switch else None,
        )


def account_for(*paths: Path) -> Account | None:
    """The account that can reach all these existing paths; None where root's system user can not, even with the capability.

    Raises NoServerAccount if we are root and there is no system user and none can be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    user = _system_user()
    plain = Account(
        user.pw_uid, user.pw_gid, user.pw_name, note=f"PostgreSQL refuses to run as root: it runs as the system user {user.pw_name}."
    )
    if _reaches(plain, paths):
        return plain
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    capability = ("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override")
    lifted = Account(
        user.pw_uid,
        user.pw_gid,
        user.pw_name,
        prefix=(setpriv, "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups", *capability, "--"),
        note=f"{plain.note} It may pass the private directories above its data by the capability dac_override.",
    )
    return lifted if _reaches(lifted, paths) else None


def _reaches(account: Account, paths: tuple[Path, ...]) -> bool:
    # Asking as that user answers for modes, access lists and mounts alike. Not by test(1): it asks by access(2), which
    # leaves capabilities out for everybody but root.
    look = shutil.which("ls") or "/bin/ls"
    inside = [f"{path}/." if path.is_dir() else str(path) for path in paths]
    return account.popen([look, "-d", *inside], output=subprocess.DEVNULL).wait(10) == 0


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    # Debian and Red Hat have useradd, Alpine has adduser alone
    for command in (
        [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            SYSTEM_USER,
        ],
        ["adduser", "-S", "-D", "-H", SYSTEM_USER],
    ):
        if shutil.which(command[0]):
            for _ in range(10):
                subprocess.run(command, check=False, capture_output=True)  # noqa: S603
                try:
                    return pwd.getpwnam(SYSTEM_USER)
                except KeyError:
                    time.sleep(0.2)  # somebody else holds the lock of /etc/passwd, perhaps to make the same user
    raise NoServerAccount(
        f"PostgreSQL refuses to run as root, and the system user {SYSTEM_USER} could not be made: "
        f"run `useradd --system {SYSTEM_USER}`, or start Concord as an ordinary user, or set DATABASE_URL."
    )
