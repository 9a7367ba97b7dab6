"""What a monitor's view against its commissioning is called, and one sentence: what is wrong, since when, what to do.

Gateway and server show the same words. A state of a newer gateway is shown as it came.
"""

from __future__ import annotations

from edge.contract.code_words import CHINESE, CodeWords, Pair, clock_text, label_in
from edge.contract.inspection import ReferenceCheck, ReferenceState

REFERENCE_WORDS: dict[str, CodeWords] = {
    ReferenceState.OK: CodeWords(
        ("as commissioned", "与基准一致"),
        (
            "The camera looks where it was commissioned to ({used} of {samples} pictures measured): nothing to do",
            "摄像头朝向与建立基准时一致（{samples} 幅中 {used} 幅可测）：无需处理",
        ),
    ),
    ReferenceState.SUSPECT: CodeWords(
        ("perhaps changed", "疑有变化"),
        (
            "The view differs from its commissioning {span}{movement}, but too few pictures say so: compare the clip"
            " with the reference picture; if it is so, use no measured speed from then on until the camera is right",
            "{span}画面与基准不一致{movement}，但依据的图片太少：请将录像与基准图片对照；若属实，"
            "在摄像头校正前不得采用此后测得的速度",
        ),
    ),
    ReferenceState.MOVED: CodeWords(
        ("camera moved", "摄像头移位"),
        (
            "The camera stands otherwise than commissioned {span}{movement}: use no measurement from then on, set the"
            " camera right and have it checked, then commission it anew with name and reason",
            "{span}摄像头与建立基准时相比已移位{movement}：此后的测量结果不得采用；请校正摄像头并检查，"
            "再由具名人员说明理由、重新建立基准",
        ),
    ),
    ReferenceState.BLOCKED: CodeWords(
        ("view blocked", "画面被挡"),
        (
            "Nothing of the commissioned view is left {span}: play it; clear what stands before the camera, or clean or"
            " repair it",
            "{span}已看不到基准画面：请播放查看；清除镜头前的遮挡，或清洁、检修摄像头",
        ),
    ),
    ReferenceState.UNKNOWN: CodeWords(
        ("cannot be told", "无法判断"),
        (
            "Whether the camera stands as commissioned cannot be told: {used} of {samples} pictures could be measured."
            " Nothing is claimed; if it stays so, commission the monitor for this light as well",
            "无法判断摄像头是否与基准一致：{samples} 幅中仅 {used} 幅可测。不作结论；"
            "若持续如此，请补充该光照条件下的基准",
        ),
    ),
}


_NOT_HELD: Pair = (
    "No picture was held against the commissioned view: none could be decoded, or the stored reference cannot be"
    " read. Play the clip; if it plays, look at the reference with `commission DEVICE` and commission it anew",
    "没有一幅图片与基准作过比对：图片无法解码，或保存的基准无法读取。请播放录像；若能播放，"
    "请用 commission 命令查看基准，并用 commission 重新建立",
)


def reference_label(state: str, language: str) -> str:
    """The short name of a state."""
    return label_in(REFERENCE_WORDS, state, language)


def told_reference(check: ReferenceCheck, language: str) -> str:
    """The sentence of a check, its place in the file's own time."""
    return reference_sentence(check, language, span=_span(check, language))


def reference_sentence(check: ReferenceCheck, language: str, *, span: str) -> str:
    """The same with `span`, which names its time in the reader's words."""
    words = REFERENCE_WORDS.get(check.state)
    if words is None:
        return f"{reference_label(check.state, language)} {span}".strip()
    if check.state == ReferenceState.UNKNOWN and not check.samples:
        return _NOT_HELD[language == CHINESE]
    return words.sentence[language == CHINESE].format(
        span=span, movement=_movement(check, language), used=check.samples_used, samples=check.samples
    )


def _span(check: ReferenceCheck, language: str) -> str:
    is_chinese = language == CHINESE
    if check.from_s is None or check.to_s is None:
        return "整个文件" if is_chinese else "throughout"
    start, end = clock_text(check.from_s), clock_text(check.to_s)
    return f"{start} 至 {end} " if is_chinese else f"from {start} to {end}"


def _movement(check: ReferenceCheck, language: str) -> str:
    """What moved, each part only where it shows: direction in words, turning and zoom with their size."""
    if check.dx_px is None or check.dy_px is None:
        return ""
    is_chinese = language == CHINESE
    parts = []
    for px, ways in ((check.dx_px, _ACROSS), (check.dy_px, _DOWN)):
        if abs(px) >= 1:
            way = ways[px > 0][is_chinese]
            parts.append(f"{way} {abs(px):.0f} 像素" if is_chinese else f"{abs(px):.0f} px {way}")
    if check.rotation_deg is not None and abs(check.rotation_deg) >= 0.1:
        way = _TURN[check.rotation_deg > 0][is_chinese]
        turn = f"{abs(check.rotation_deg):.1f}"
        parts.append(f"{way} {turn} 度" if is_chinese else f"{turn} degrees {way}")
    if check.scale is not None and abs(check.scale - 1) >= 0.002:
        zoom = f"{100 * (check.scale - 1):+.1f} %"
        parts.append(f"缩放 {zoom}" if is_chinese else f"zoom {zoom}")
    if not parts:
        return ""
    return f"（画面{'，'.join(parts)}）" if is_chinese else f" (the scene went {', '.join(parts)})"


_ACROSS: tuple[Pair, Pair] = (("left", "左移"), ("right", "右移"))
_DOWN: tuple[Pair, Pair] = (("up", "上移"), ("down", "下移"))
_TURN: tuple[Pair, Pair] = (("clockwise", "顺时针转"), ("counter-clockwise", "逆时针转"))
