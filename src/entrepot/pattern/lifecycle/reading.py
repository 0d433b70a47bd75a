"""The grammar of lifecycle policies, in AWS's sentences where a text is refused (ECR user guide, "Lifecycle policy
properties"; extensions: docs/decisions/0027).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from entrepot.pattern.lifecycle import policy as words
from entrepot.pattern.lifecycle.policy import CountType, Policy, Rule, StorageClass, TagStatus
from entrepot.pattern.lifecycle.schema import array, choice, number, refuse, string, structure

MOST_RULES = 50
MOST_WILDCARDS = 4
MOST_PATTERNS = 500  # of one list: an image has to meet them all
_MOST_SOUGHT = 500  # patterns of a policy that are more than a prefix: each tag is held against each of them
_COUNT_TYPES = (words.COUNT, words.PUSHED, words.PULLED, words.TRANSITIONED)
_NO_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)"
_LISTS = ("tagPatternList", "tagPrefixList")


def parse(text: str, *, extended: bool = False, most: int = MOST_RULES) -> Policy:
    """The policy that a text is: LifecyclePolicyInvalid. `extended`: with this server's own properties too."""
    try:
        document = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        refuse("Could not map policyString into LifecyclePolicy.")
    given = array(structure(document, ("rules",), ())["rules"], most)
    rules = [_rule(each, extended=extended) for each in given]
    _check_together(rules)
    in_order = sorted(zip(rules, given, strict=True), key=lambda pair: pair[0].priority)
    shown = msgspec.json.encode({"rules": [each for _, each in in_order]}).decode()
    return Policy(tuple(rule for rule, _ in in_order), shown)


def _rule(value: Any, *, extended: bool) -> Rule:
    rule = structure(value, ("rulePriority", "selection", "action"), ("description",))
    selection = structure(
        rule["selection"], ("tagStatus", "countType", "countNumber"), (*_LISTS, "storageClass", "countUnit")
    )
    action = structure(rule["action"], ("type",), ("targetStorageClass", *(("scope", "children") if extended else ())))
    read = Rule(
        priority=number(rule["rulePriority"]),
        description=string(rule["description"]) if "description" in rule else None,
        tag_status=cast("TagStatus", choice(selection["tagStatus"], ("tagged", "untagged", "any"))),
        patterns=_patterns(selection),
        are_prefixes="tagPrefixList" in selection,
        storage_class=cast("StorageClass", choice(selection.get("storageClass", "standard"), ("standard", "archive"))),
        count_type=_count_type(selection),
        number=number(selection["countNumber"]),
        archives=_archives(action),
        by_tag=choice(action.get("scope", "image"), ("image", "tag")) == "tag",
        with_children=choice(action.get("children", "stay"), ("stay", "follow")) == "follow",
    )
    _check_tags(read, selection)
    _check_classes(read, extended=extended)
    _check_own(read)
    return read


def _patterns(selection: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for name in _LISTS:
        for each in array(selection[name], MOST_PATTERNS) if name in selection else ():
            found.append(string(each, 1))
            if name == "tagPatternList" and found[-1].count("*") > MOST_WILDCARDS:
                refuse(f"a tag pattern must contain at most {MOST_WILDCARDS} wildcards (*): {found[-1][:128]}")
    return tuple(dict.fromkeys(found))


def _count_type(selection: Mapping[str, Any]) -> CountType:
    """With the unit that goes with it."""
    wanted = string(selection["countType"])
    if wanted not in _COUNT_TYPES or ("countUnit" in selection) is (wanted == words.COUNT):
        refuse(_NO_SCHEMA)
    if wanted != words.COUNT and selection["countUnit"] != "days":
        refuse(_NO_SCHEMA)
    return wanted


def _archives(action: Mapping[str, Any]) -> bool:
    """Whether the action is a transition, which names where to."""
    archives = choice(action["type"], ("expire", "transition")) == "transition"
    if archives is not ("targetStorageClass" in action):
        refuse(_NO_SCHEMA)
    if archives:
        choice(action["targetStorageClass"], ("archive",))
    return archives


def _check_tags(rule: Rule, selection: Mapping[str, Any]) -> None:
    lists = [name for name in _LISTS if name in selection]
    if rule.tag_status == "tagged" and not lists:
        refuse("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    if len(lists) > 1:
        refuse("Cannot specify both tagPrefixList and tagPatternList.")
    if rule.tag_status != "tagged" and lists:
        refuse(f"Cannot specify {lists[0]} when tagStatus={rule.tag_status.upper()}.")


def _check_classes(rule: Rule, *, extended: bool) -> None:
    if (rule.storage_class == "archive") is not (rule.count_type == words.TRANSITIONED):
        refuse(f"storageClass=archive must be specified with countType={words.TRANSITIONED}, and with no other.")
    if rule.count_type == words.TRANSITIONED and rule.archives:
        refuse(f"countType={words.TRANSITIONED} can only be used with action type expire.")
    if rule.count_type == words.PULLED and not rule.archives and not extended:
        refuse(f"countType={words.PULLED} can only be used with action type transition.")


def _check_own(rule: Rule) -> None:
    """What this server's own properties go with."""
    if rule.by_tag and (rule.archives or rule.tag_status != "tagged"):
        refuse("scope=tag can only be used with tagStatus=tagged and action type expire.")
    if rule.with_children and (rule.archives or rule.by_tag):
        refuse("children=follow can only be used with action type expire, and not with scope=tag.")


def _check_together(rules: Sequence[Rule]) -> None:
    if len({rule.priority for rule in rules}) < len(rules):
        refuse("rulePriority must be unique.")
    sought = [each for rule in rules if not rule.are_prefixes for each in rule.patterns if "*" in each[:-1]]
    if len(sought) > _MOST_SOUGHT:
        refuse(f"at most {_MOST_SOUGHT} tag patterns may have a wildcard (*) before their end, found {len(sought)}")
    for storage_class in ("standard", "archive"):
        of_class = [rule for rule in rules if rule.storage_class == storage_class]
        if sum(rule.tag_status == "untagged" for rule in of_class) > 1:
            refuse("Only one rule can select Untagged images per storage class")
        last = max((rule.priority for rule in of_class), default=0)
        if any(rule.tag_status == "any" and rule.priority != last for rule in of_class):
            refuse("Rule for tagStatus=ANY must have the lowest priority per storage class")
        named = [(rule.are_prefixes, frozenset(rule.patterns)) for rule in of_class if rule.patterns]
        if len(set(named)) < len(named):
            refuse("Only one rule can select the same tagPrefixList or tagPatternList per storage class")
