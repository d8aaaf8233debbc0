"""From a plan to a journal, and from nets to a validation: blocks, devices, protocol.

Reading order: `protocol` (how operators are timed), `campaign` with `sources`, `blocks`, `recorder` and
`summary` (a plan and its journal), `run` (on a device), `fleet`, `anchors` and `workers` (on many),
`forecast`; `drift_sample`, `validation` (whole nets), `profiling`
(operators inside them).
"""

from __future__ import annotations

from bench.campaign.anchors import measure_anchors
from bench.campaign.campaign import Campaign, open_campaign
from bench.campaign.fleet import Check, choose_devices, choose_journals, group_by_name, run_groups
from bench.campaign.forecast import Forecaster, learn
from bench.campaign.profiling import need_profile, profile_operators
from bench.campaign.protocol import IN_TURNS, TURNS, WARM, WHEN_WARM, Processors, Timing, is_cache_choice
from bench.campaign.recorder import now
from bench.campaign.run import run_plan
from bench.campaign.sources import ChosenOperators, Source
from bench.campaign.summary import RunSummary
from bench.campaign.validation import (
    DEFAULTS,
    NetTiming,
    list_missing,
    prepare_validation,
    validate_nets,
)
from bench.campaign.workers import run_apart

__all__ = [
    "DEFAULTS",
    "IN_TURNS",
    "TURNS",
    "WARM",
    "WHEN_WARM",
    "Campaign",
    "Check",
    "ChosenOperators",
    "Forecaster",
    "NetTiming",
    "Processors",
    "RunSummary",
    "Source",
    "Timing",
    "choose_devices",
    "choose_journals",
    "group_by_name",
    "is_cache_choice",
    "learn",
    "list_missing",
    "measure_anchors",
    "need_profile",
    "now",
    "open_campaign",
    "prepare_validation",
    "profile_operators",
    "run_apart",
    "run_groups",
    "run_plan",
    "validate_nets",
]
