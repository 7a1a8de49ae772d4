"""The Driver protocol for strongSwan: translates actions to calls, under one lock per member."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from threading import Event
from uuid import UUID

from vpn.domain.actions import (
    Action,
    ConfigureNetwork,
    DropPeer,
    Initiate,
    LoadPeer,
    ProbePeer,
    Release,
    StartMember,
    StopMember,
    Terminate,
)
from vpn.domain.log import LogLine
from vpn.domain.spec import MemberRole, MemberSpec, NetworkSpec
from vpn.domain.state import MemberState, TunnelEvent
from vpn.drivers.base import DriverConfig, DriverError, HostCheck, Inventory, StaleGeneration
from vpn.drivers.strongswan import charon, esp, host, loading, netns, vici
from vpn.drivers.strongswan.batch import Batch, Initiations
from vpn.drivers.strongswan.fabric import Fabric, inspect_namespace
from vpn.drivers.strongswan.files import locked
from vpn.drivers.strongswan.identity import Identities
from vpn.drivers.strongswan.inventory import (
    existing_gateways,
    existing_members,
    remove_everything,
    take_inventory,
)
from vpn.drivers.strongswan.loaded import listed_by_charon
from vpn.drivers.strongswan.logfile import last_lines
from vpn.drivers.strongswan.member import MemberNetwork
from vpn.drivers.strongswan.member_record import MemberRecord, new_record, read_record, write_record
from vpn.drivers.strongswan.names import MemberFiles, Names
from vpn.drivers.strongswan.observation import Observer
from vpn.drivers.strongswan.tunnel_routes import lost_routes, restoring
from vpn.drivers.strongswan.watch import Watcher


class StrongSwanDriver:
    """Real tunnels. Safe to use from several threads and processes: only files keep state between calls,
    and every change of a member holds its lock."""

    name = "strongswan"

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._directory = config.directory.absolute()
        self._names = Names(config.installation)
        self._fabric = Fabric(self._directory, self._names, config.provider_cidr)
        self._batch = Batch(self._initiate)

    @cached_property
    def _kernel_esp(self) -> bool:
        return esp.is_in_kernel(self._config.esp, self._directory)

    @property
    def _identities(self) -> Identities:
        return Identities(self._directory, self._config.installation, self._config.charon_uid)

    @property
    def _network(self) -> MemberNetwork:
        return MemberNetwork(self._fabric, self._kernel_esp)

    @property
    def _observer(self) -> Observer:
        return Observer(self._directory, self._network)

    def observe(self, members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
        with _wrap_errors("observe"):
            return {member.id: self._observer.observe(member) for member in members}

    def together(self) -> AbstractContextManager[None]:
        """Consecutive initiations share one lock, one session and one write of the record."""
        return self._batch.together()

    def apply(self, member: MemberSpec, action: Action, *, generation: int) -> None:
        if isinstance(action, Initiate):
            self._batch.add(member, generation, action)
            return
        self._batch.flush()
        files = MemberFiles.of(self._directory, member)
        with _wrap_errors(type(action).__name__):
            if isinstance(action, StopMember):
                self._stop(member, files, generation)
                return
            if isinstance(action, StartMember):
                files.make()
            elif not files.directory.is_dir():
                raise DriverError(type(action).__name__, "the member does not exist")
            with locked(files.lock):
                record = _begin(member, files, generation)
                if isinstance(action, StartMember):
                    self._start(member, files, record)
                elif isinstance(action, ConfigureNetwork):
                    self._configure_network(member, files, record, action)
                else:
                    self._control(member, files, record, action)

    def _start(self, member: MemberSpec, files: MemberFiles, record: MemberRecord) -> None:
        if not netns.exists(self._network.namespace(member)):
            # Before the namespace is created: the old network configuration is gone with the old namespace.
            record.forget_network()
            write_record(files, record)
        kind = esp.kind(kernel=self._kernel_esp)
        if record.esp not in {"", kind}:
            charon.kill(files, politely=True)
            self._network.forget_tunnel_device(member)
        elif charon.lives(files) and self._network.has_lost_tunnel_device(member):
            charon.kill(files, politely=True)
        self._network.ensure_links(member)
        process = charon.ensure(
            self._config.charon,
            files,
            self._network.namespace(member),
            kernel_esp=self._kernel_esp,
            identities=self._identities,
        )
        record.begin_boot(process.boot_id)
        record.esp = kind
        write_record(files, record)

    def _stop(self, member: MemberSpec, files: MemberFiles, generation: int) -> None:
        if not files.directory.is_dir():
            self._network.remove(member)
            return
        with locked(files.lock):
            _begin(member, files, generation)
            charon.kill(files, politely=True)
            self._network.remove(member)
            shutil.rmtree(files.directory)

    def _configure_network(
        self, member: MemberSpec, files: MemberFiles, record: MemberRecord, action: ConfigureNetwork
    ) -> None:
        # A member that becomes active has no tunnels yet, and must not lose time.
        stays_active = action.role is MemberRole.ACTIVE and record.role == MemberRole.ACTIVE
        self._network.ensure_links(member)
        # Recorded as unfinished until done: so a kill in between is noticed.
        record.network_configured = False
        record.begin_role(action.role)
        record.local_cidrs, record.peer_cidrs = sorted(action.local_cidrs), sorted(action.peer_cidrs)
        write_record(files, record)
        self._network.configure_network(member, action)
        if stays_active:
            self._restore_tunnel_routes(self._network.namespace(member), files)
        record.network_configured = True
        write_record(files, record)

    def _restore_tunnel_routes(self, namespace: str, files: MemberFiles) -> None:
        listed = None if self._kernel_esp else listed_by_charon(files, namespace)
        if listed:
            lost = lost_routes(listed.sas, inspect_namespace(namespace))
            netns.batch(restoring(lost), what="restore routes to tunnels", namespace=namespace)

    def _control(
        self,
        member: MemberSpec,
        files: MemberFiles,
        record: MemberRecord,
        action: LoadPeer | DropPeer | Terminate | ProbePeer | Release,
    ) -> None:
        with self._session(member, files, record, type(action).__name__) as control:
            match action:
                case LoadPeer(peer):
                    loading.load(control, files, record, peer, member.public_address)
                case Release(name, child):
                    loading.release(control, name, child)
                case DropPeer(name):
                    loading.drop(control, files, record, name)
                case Terminate():
                    loading.terminate(control, action)
                case ProbePeer(name):
                    loading.probe_peer(control, files, record, name)

    def _initiate(self, wanted: Initiations) -> None:
        """All are counted before the first is started. A refused one does not stop the others; the first
        refusal is raised."""
        files = MemberFiles.of(self._directory, wanted.member)
        if not files.directory.is_dir():
            raise DriverError("Initiate", "the member does not exist")
        refused: list[vici.Refused] = []
        with _wrap_errors("Initiate"), locked(files.lock):
            record = _begin(wanted.member, files, wanted.generation)
            with self._session(wanted.member, files, record, "Initiate") as control:
                for action in wanted.actions:
                    record.count_attempt(action.peer, action.child)
                write_record(files, record)
                for action in wanted.actions:
                    try:
                        loading.initiate(control, files, record, action)
                    except vici.Refused as error:
                        refused.append(error)
        if refused:
            raise refused[0]

    @contextmanager
    def _session(
        self, member: MemberSpec, files: MemberFiles, record: MemberRecord, what: str
    ) -> Iterator[vici.Charon]:
        """A session with the member's charon; `record` is then for its boot."""
        process = charon.find(files, self._network.namespace(member))
        if not process:
            raise DriverError(what, "charon does not run")
        record.begin_boot(process.boot_id)
        with vici.session(files.socket) as control:
            yield control

    def watch(self, members: Callable[[], Sequence[MemberSpec]], stop: Event) -> Iterator[TunnelEvent]:
        return Watcher(self._directory, self._names, members, stop).events()

    def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
        with _wrap_errors("read the log"):
            return last_lines(MemberFiles.of(self._directory, member), peer, address, limit)

    def apply_network(self, network: NetworkSpec) -> None:
        with _wrap_errors("make a VPC"):
            self._fabric.apply(network)

    def remove_network(self, vpc_id: UUID) -> None:
        with _wrap_errors("remove a VPC"):
            self._fabric.remove(vpc_id)

    def networks(self) -> set[UUID]:
        return self._fabric.networks()

    def gateways(self) -> set[UUID]:
        return existing_gateways(self._directory, self._names)

    def remove_gateway(self, gateway_id: UUID) -> None:
        for member, generation in existing_members(self._directory, self._names, gateway_id):
            self.apply(member, StopMember(), generation=generation)

    def inventory(self) -> Inventory:
        with _wrap_errors("take inventory"):
            return take_inventory(self._directory, self._fabric, kernel_esp=self._kernel_esp)

    def check_host(self) -> list[HostCheck]:
        return [*host.checks(self._config.esp, self._config.charon), host.charon_users(self._identities)]

    def remove_all(self) -> None:
        with _wrap_errors("remove everything"):
            remove_everything(self._directory, self._fabric)


@contextmanager
def _wrap_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DriverError(what, str(error)) from error


def _begin(member: MemberSpec, files: MemberFiles, generation: int) -> MemberRecord:
    """The member's record, with this generation recorded before anything is done."""
    record = read_record(files) or new_record(member)
    if generation < record.applied_generation:
        raise StaleGeneration(
            f"generation {generation}", f"generation {record.applied_generation} is already applied"
        )
    if generation > record.applied_generation:
        record.applied_generation = generation
        write_record(files, record)
    return record
