"""What the time line of a device says to a person, in both languages: what is wrong, since when, what to do."""

from __future__ import annotations

from edge.platform.terminal import Language

SENTENCES: dict[str, tuple[str, str]] = {
    "gap_segment_missing": (
        "From {start} to {end} ({length}) nothing is recorded: {evidence}. Look for it on the device and dock it"
        " again; if it is not there either, ask who removed it.",
        "{start} 至 {end}（{length}）没有录像：{evidence}。请在设备上查找并重新接入；设备上也没有时，请查明由谁删除。",
    ),
    "gap_file_damaged": (
        "From {start} to {end} ({length}) nothing can be shown: {evidence}. Fetch that file from the device again, and"
        " keep this one too.",
        "{start} 至 {end}（{length}）无法播放：{evidence}。请从设备重新采集该文件，并保留现有文件。",
    ),
    "gap_clock_step": (
        "From {start} to {end} ({length}) the time line is empty because the clock was set: {evidence}. Compare the"
        " pictures before and after; let the clock be set at the docking station alone.",
        "{start} 至 {end}（{length}）因时钟被调整而空缺：{evidence}。请比对前后画面；时钟只应在采集站校准。",
    ),
    "gap_still_growing": (
        "From {start} to {end} ({length}) the footage is not finished: {evidence}. Look again when the device has"
        " ended it.",
        "{start} 至 {end}（{length}）的录像尚未写完：{evidence}。请待设备录制结束后再检查。",
    ),
    "gap_unknown": (
        "From {start} to {end} ({length}) nothing is recorded: {evidence}. Ask the wearer, and look at battery and"
        " storage at that time.",
        "{start} 至 {end}（{length}）没有录像：{evidence}。请询问佩戴人，并核查当时的电量和存储空间。",
    ),
    "no_evidence": ("the files do not say why", "文件中没有原因线索"),
    "gap_uncertain": (
        "The start times are known to {uncertainty} s only, so there may be no hole at all.",
        "开始时间的不确定度为 {uncertainty} 秒，可能并无中断。",
    ),
    "overlap": (
        "From {start} to {end} ({length}) {one} and {two} both claim the time: one of them has a wrong start. Compare"
        " the pictures, and state the right start in a sidecar.",
        "{start} 至 {end}（{length}）{one} 与 {two} 时间重叠："
        "其中一个开始时间有误。请比对画面，并在附属文件中写明正确时间。",
    ),
    "step_set_back": (
        "At {at} the clock was set back by {size} s: {after} begins before {before} ends, though it follows it by its"
        " number. No footage is lost by that; times on one side of it are wrong: measure the clock at docking.",
        "{at} 时钟被调慢 {size} 秒：按编号 {after} 紧接 {before}，其开始却早于后者结束。录像并未因此丢失，"
        "但其一侧的时间有误：请在接入时测量时钟。",
    ),
    "step_set_forward": (
        "Before {at} the clock was set forward by {size} s, or the device stood still for so long: {evidence}. Compare"
        " the pictures before and after; measure the clock at docking.",
        "{at} 之前时钟被调快 {size} 秒，或设备停录了这么久：{evidence}。请比对前后画面；请在接入时测量时钟。",
    ),
    "step_zone": (
        "At {at} the clock jumps by {size} s, whole quarters of an hour, from {before} to {after}: its time zone or"
        " summer time was set, most likely. Check the zone of the device and the setting `time_zone`.",
        "{at} 时钟跳变 {size} 秒（整刻钟），从 {before} 到 {after}："
        "很可能更改了时区或夏令时。请检查设备时区和设置项 `time_zone`。",
    ),
    "step_not_set": (
        "Until {at} the clock was not set: {before} has no true time and covers nothing; by its number it was recorded"
        " before {after}. Charge the device fully and dock it, so that its clock is set before use.",
        "{at} 之前时钟未校准：{before} 没有真实时间，不计入覆盖；"
        "按编号其录制早于 {after}。请充满电并接入，使时钟在使用前校准。",
    ),
    "step_lost": (
        "After {at} the clock lost its time: {after}, which follows {before} by its number, shows a time before 2001"
        " and covers nothing. Have the battery of the clock checked.",
        "{at} 之后时钟丢失时间：按编号紧接 {before} 的 {after} 显示 2001 年以前的时间，不计入覆盖。请检查时钟电池。",
    ),
    "missing": (
        "At {at} no file has the number {numbers}, between {before} and {after}, though the times go on: look for it on"
        " the device, and ask who removed it.",
        "{at} 缺少编号 {numbers}，在 {before} 与 {after} 之间，而时间连续：请在设备上查找，并查明由谁删除。",
    ),
    "missing_in_gap": (
        "At {at} no file has the number {numbers}, between {before} and {after}: look for it on the device, and ask who"
        " removed it.",
        "{at} 缺少编号 {numbers}，在 {before} 与 {after} 之间：请在设备上查找，并查明由谁删除。",
    ),
    "duplicate": (
        "{name} holds the same bytes as {of} and counts once: ask why there are two names.",
        "{name} 与 {of} 内容完全相同，只计一次：请查明为何有两个名称。",
    ),
    "alone_unknown_start": (
        "{name} says nowhere when it began and stands beside the time line: state its start in a sidecar.",
        "{name} 没有任何开始时间信息，未列入时间轴：请在附属文件中写明开始时间。",
    ),
    "alone_clock_not_set": (
        "{name} shows a time before the clock was set and stands beside the time line: state its start in a sidecar.",
        "{name} 的时间为时钟校准前的时间，未列入时间轴：请在附属文件中写明开始时间。",
    ),
    "alone_start_in_future": (
        "{name} begins in the future and stands beside the time line: measure the device's clock at docking.",
        "{name} 的开始时间在未来，未列入时间轴：请在接入时测量设备时钟。",
    ),
    "alone_other_device": (
        "{name} is claimed by another device too and counts for neither: find out which one recorded it.",
        "{name} 同时归于另一设备，两者均不计入：请查明由哪台设备录制。",
    ),
    "double_undecided": (
        "{name} begins at a local time that exists twice or not at all when summer time changes: {at} was taken, it"
        " may be {other}. State the start with its offset in a sidecar.",
        "{name} 的当地时间在夏令时切换时重复或不存在：取 {at}，也可能是 {other}。请在附属文件中写明带时区的开始时间。",
    ),
    "growing": (
        "{name} is still being written: look again when the device has ended it.",
        "{name} 仍在写入：请待设备录制结束后再检查。",
    ),
    "drift_dockings": (
        "The clock runs {ppm} ppm wrong ({day} s a day), by two dockings: have the device serviced.",
        "时钟走时误差 {ppm} ppm（每天 {day} 秒），由两次接入测得：请检修设备。",
    ),
    "drift_segments": (
        "Over successive files the clock and the pictures differ by {ppm} ppm ({day} s a day): the clock runs wrong, or"
        " a little is lost at each change of file. Measure the clock at two dockings.",
        "连续文件的时钟与画面时长相差 {ppm} ppm（每天 {day} 秒）："
        "时钟走时不准，或每次换文件时略有丢失。请在两次接入时测量时钟。",
    ),
    "tolerated": (
        "{count} short holes between files are tolerated, {length} in all.",
        "文件之间有 {count} 处短暂间隙在容许范围内，共 {length}。",
    ),
    "more": ("and {count} more: see --json", "另有 {count} 项：见 --json"),
    "whole": ("Nothing is missing between the first and the last picture.", "首末画面之间没有缺失。"),
}
LABELS: dict[str, tuple[str, str]] = {
    "recorded": ("recorded", "录像"),
    "seeing": ("seeing", "可见"),
    "hearing": ("hearing", "可听"),
    "marks": ("marks", "标记"),
    "legend_full": ("all of it", "全部"),
    "legend_part": ("a part", "部分"),
    "legend_none": ("nothing", "无"),
    "covered": ("covered", "遮挡"),
    "defocused": ("out of focus", "失焦"),
    "dark": ("dark", "过暗"),
    "glare": ("glare", "过曝"),
    "corrupt": ("corrupt", "花屏"),
    "no_visible_detail": ("no detail", "无细节"),
    "frozen": ("frozen", "静止"),
    "muted": ("muted", "静音"),
    "absent": ("no sound track", "无音轨"),
    "unknown": ("not known", "不明"),
    "clock": ("clock", "时钟"),
    "clock_applied": ("corrected", "已校正"),
    "clock_shown": ("not applied", "未应用"),
    "clock_unmeasured": ("clock not measured", "时钟未测量"),
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence of a key with its values. Raises KeyError for a key or place that is not there."""
    return SENTENCES[key][language == "zh-CN"].format(**values)


def label(key: str, language: Language) -> str:
    """A short word; a state of a newer reader as it came."""
    pair = LABELS.get(key)
    return key.replace("_", " ") if pair is None else pair[language == "zh-CN"]
