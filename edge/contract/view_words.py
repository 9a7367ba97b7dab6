"""What the states of picture and sound are called, and the one sentence that says each: what, since when, what to do.

Gateway and server show the same words. What a look found of a recorder is a fact about its coverage and accuses nobody:
a pocket is dark, a coat hangs before the lens. Covered and out of focus are told together, since one picture cannot
always tell which it is. A state of a newer gateway is shown as it came.
"""

from __future__ import annotations

from edge.contract.code_words import CHINESE, CodeWords, clock_text, label_in
from edge.contract.inspection import SoundState, SoundStretch, ViewState, ViewStretch

VIEW_WORDS: dict[str, CodeWords] = {
    ViewState.SEEING: CodeWords(
        ("picture usable", "画面有效"),
        ("The picture shows the scene {span}: nothing to do", "{span}画面有效：无需处理"),
    ),
    ViewState.COVERED: CodeWords(
        ("obstructed or out of focus, more likely covered", "遮挡或失焦（更像被遮挡）"),
        (
            "Something seems to lie before the lens {span} ({percent} % sure): play these minutes, then confirm or"
            " reject; if it is so, ask how the device was worn or mounted",
            "{span}镜头前疑有遮挡（置信度 {percent}%）：请播放该时段后确认或否定；若属实，请了解佩戴或安装情况",
        ),
    ),
    ViewState.DEFOCUSED: CodeWords(
        ("obstructed or out of focus, more likely out of focus", "遮挡或失焦（更像失焦）"),
        (
            "The picture seems out of focus {span} ({percent} % sure): play these minutes, then confirm or reject;"
            " if it is so, clean the lens and have its focus checked",
            "{span}画面疑似失焦（置信度 {percent}%）：请播放该时段后确认或否定；若属实，请清洁镜头并检查对焦",
        ),
    ),
    ViewState.DARK: CodeWords(
        ("too dark to see", "过暗"),
        (
            "It is too dark to see anything {span} ({percent} % sure): night without lamps or a pocket, play it and"
            " decide",
            "{span}画面过暗，看不到内容（置信度 {percent}%）：可能是无灯夜间或放入口袋，请播放后判断",
        ),
    ),
    ViewState.GLARE: CodeWords(
        ("dazzled", "强光过曝"),
        (
            "The picture is dazzled {span} ({percent} % sure): play it; if it lasts, turn the camera or shade its lens",
            "{span}画面强光过曝（置信度 {percent}%）：请播放查看；若持续出现，请调整角度或加装遮光",
        ),
    ),
    ViewState.CORRUPT: CodeWords(
        ("picture disturbed", "画面异常"),
        (
            "The picture looks disturbed {span} ({percent} % sure): play it; if it is so, have camera and cable"
            " checked",
            "{span}画面疑有花屏、条纹等异常（置信度 {percent}%）：请播放查看；若属实，请检查摄像头和线缆",
        ),
    ),
    ViewState.NO_VISIBLE_DETAIL: CodeWords(
        ("no visible detail", "画面无可见细节"),
        (
            "The picture has no visible detail {span} ({percent} % sure), and from the picture alone nobody can say"
            " why: fog, a plain wall or something before the lens; play it and decide",
            "{span}画面无可见细节（置信度 {percent}%），仅凭画面无法判断原因（雾、白墙或镜头前有物）：请播放后判断",
        ),
    ),
    ViewState.FROZEN: CodeWords(
        ("picture frozen", "画面静止"),
        (
            "The picture stands still {span} while time goes on ({percent} % sure): play it; if it is so, start the"
            " device anew and have it repaired",
            "{span}时间在走而画面静止（置信度 {percent}%）：请播放查看；若属实，请重启设备并送修",
        ),
    ),
    ViewState.UNKNOWN: CodeWords(
        ("not known", "无法判断"),
        (
            "No picture {span} could be looked at: play it; if it does not play, fetch the file from the device again",
            "{span}没有可供查看的画面：请播放；若无法播放，请从设备重新采集该文件",
        ),
    ),
}

SOUND_WORDS: dict[str, CodeWords] = {
    SoundState.HEARING: CodeWords(
        ("sound present", "有声音"), ("There is sound {span}: nothing to do", "{span}有声音：无需处理")
    ),
    SoundState.MUTED: CodeWords(
        ("muted", "静音"),
        (
            "The sound is switched off {span} (digital silence, not a quiet room): ask the officer why, and check"
            " whether the device may be muted at all",
            "{span}声音被关闭（数字静音，并非环境安静）：请向使用人了解原因，并核查设备是否允许静音",
        ),
    ),
    SoundState.ABSENT: CodeWords(
        ("no sound track", "无音轨"),
        (
            "There is no sound track {span}: check whether the device's sound is switched off or its microphone broken",
            "{span}没有音轨：请检查设备录音是否关闭或麦克风是否损坏",
        ),
    ),
    SoundState.UNKNOWN: CodeWords(
        ("not known", "无法判断"),
        (
            "The sound {span} could not be read: play it; if there is none, fetch the file from the device again",
            "{span}的声音无法读取：请播放；若无声音，请从设备重新采集该文件",
        ),
    ),
}


def view_label(state: str, language: str) -> str:
    """The short name of a state of the picture."""
    return label_in(VIEW_WORDS, state, language)


def sound_label(state: str, language: str) -> str:
    """The short name of a state of the sound."""
    return label_in(SOUND_WORDS, state, language)


def told_view(stretch: ViewStretch, language: str) -> str:
    """The sentence of a stretch of the picture, its place in the file's own time."""
    return _told(VIEW_WORDS, stretch.state, language, stretch.from_s, stretch.to_s, stretch.confidence)


def told_sound(stretch: SoundStretch, language: str) -> str:
    """The sentence of a stretch of the sound, its place in the file's own time."""
    return _told(SOUND_WORDS, stretch.state, language, stretch.from_s, stretch.to_s, 1.0)


def view_sentence(state: str, language: str, *, span: str, confidence: float) -> str:
    """The sentence of a state of the picture; `span` names its time in the reader's words."""
    return _sentence(VIEW_WORDS, state, language, span, confidence)


def sound_sentence(state: str, language: str, *, span: str) -> str:
    """The sentence of a state of the sound; `span` names its time in the reader's words."""
    return _sentence(SOUND_WORDS, state, language, span, 1.0)


def _told(words: dict[str, CodeWords], state: str, language: str, from_s: float, to_s: float, confidence: float) -> str:
    start, end = clock_text(from_s), clock_text(to_s)
    span = f"{start} 至 {end} " if language == CHINESE else f"from {start} to {end}"
    return _sentence(words, state, language, span, confidence)


def _sentence(words: dict[str, CodeWords], state: str, language: str, span: str, confidence: float) -> str:
    known = words.get(state)
    if known is None:
        return f"{label_in(words, state, language)} {span}".strip()
    return known.sentence[language == CHINESE].format(span=span, percent=f"{100 * confidence:.0f}")
