"""The rules for gateways (contract sections 3.1, 5.3, 6.5 and 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from console.core.errors import Violation
from policies.domain.checks import enum_violations, name_violations, unique_violations
from vpn.domain.checks.common import Quotas, quota_violations

# One address for each member.
ADDRESSES_NEEDED = 2


GATEWAY_MODES = ("policy", "route")
ROUTE_ONLY = "{0} requires route mode, which is not supported; gateways have the mode policy."
AVAILABILITY_MODES = ("zonal", "regional")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDraft:
    """`mode` and `availability_mode` as in the API."""

    name: str
    mode: str = "policy"
    availability_mode: str = "zonal"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """`other_names`: of the VPC's other gateways. The subnet and the counts matter only when
    `creating`: `free_addresses` of the subnet, `gateways` of the account and of the zone."""

    other_names: Collection[str] = frozenset()
    creating: bool = True
    subnet_name: str = ""
    subnet_status: str = "available"
    free_addresses: int = ADDRESSES_NEEDED
    gateways: int = 0
    gateways_in_zone: int = 0
    zone: str = ""
    lower_names: bool = False
    quotas: Quotas = field(default_factory=Quotas)


def gateway_violations(draft: GatewayDraft, *, facts: GatewayFacts) -> list[Violation]:
    """Every broken rule of a gateway."""
    return [
        *(_creation(facts) if facts.creating else ()),
        *name_violations(draft.name, code="vpn_gateway_invalid_name", lower=facts.lower_names),
        *_modes(draft),
        *unique_violations(
            draft.name,
            facts.other_names,
            code="vpn_gateway_duplicate_name",
            noun="VPN gateway in this VPC",
        ),
    ]


def member_count_violations(count: int) -> list[Violation]:
    """The rule for the number of requested members; checked before anything is queried about them."""
    if count == ADDRESSES_NEEDED:
        return []
    message = f"A zonal gateway has {ADDRESSES_NEEDED} members; these are {count}."
    return [Violation("validation_failure", "members", message)]


def member_violations(subnets: Sequence[UUID], subnet: UUID | None) -> list[Violation]:
    """The rules for the requested members, given by their subnets; `subnet` is the gateway's own subnet if
    the request has one as well (contract section 4.1)."""
    if subnet is not None and subnets[0] != subnet:
        message = (
            "subnet differs from the members' subnet; give only one of the two, or the same subnet in both."
        )
        return [Violation("validation_failure", "subnet", message)]
    if subnets[1] != subnets[0]:
        message = f"Both members of a zonal gateway are in one subnet. {ROUTE_ONLY.format('A second subnet')}"
        return [Violation("validation_failure", "members[1].private_ip.subnet", message)]
    return []


def advertising_violations() -> list[Violation]:
    """The rule for changing the CIDRs that a gateway advertises."""
    return [Violation("bad_request", "cidr", ROUTE_ONLY.format("Advertising CIDRs"))]


def replacement_violations() -> list[Violation]:
    """The rule for moving an existing member to another subnet."""
    message = (
        "Members cannot be moved: both are in the subnet of their gateway. Create a gateway in the other "
        "subnet and delete this one."
    )
    return [Violation("validation_failure", "private_ip.subnet", message)]


def _modes(draft: GatewayDraft) -> Iterator[Violation]:
    """Contract section 4.1: in API generation 2 an omitted mode means route."""
    if draft.mode == "route":
        message = "Route mode is not supported; set mode to policy, because generation 2 defaults to route."
        yield Violation("validation_enum", "mode", message)
    else:
        yield from enum_violations(draft.mode, GATEWAY_MODES[:1], field="mode")
    yield from enum_violations(draft.availability_mode, AVAILABILITY_MODES[:1], field="availability_mode")


def _creation(facts: GatewayFacts) -> Iterator[Violation]:
    code = "vpn_gateways_quota_exceeded"
    quotas = facts.quotas
    yield from quota_violations(
        facts.gateways, quotas.gateways, code=code, noun="VPN gateways", place="The account"
    )
    yield from quota_violations(
        facts.gateways_in_zone,
        quotas.gateways_per_zone,
        code=code,
        noun="VPN gateways",
        place=f"The zone {facts.zone}",
    )
    if facts.subnet_status != "available":
        message = f"The subnet {facts.subnet_name} is {facts.subnet_status}; it must be available."
        yield Violation("vpn_gateway_subnet_status_error", "subnet.id", message)
    elif facts.free_addresses < ADDRESSES_NEEDED:
        message = (
            f"The two members of a gateway need {ADDRESSES_NEEDED} free addresses; "
            f"the subnet {facts.subnet_name} has {facts.free_addresses}."
        )
        yield Violation("vpn_gateway_subnet_status_error", "subnet.id", message)
