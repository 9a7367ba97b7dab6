"""The words of calibration faults and effects in English and Chinese: what is wrong, in numbers, and what to do."""

from __future__ import annotations

from typing import NamedTuple

from edge.domain.camera_calibration import CalibrationCode, CalibrationEffect, CalibrationFault, CalibrationVerdict
from edge.platform.terminal import Language

Pair = tuple[str, str]
"""English, Chinese."""


class CalibrationWords(NamedTuple):
    """What a person reads of one fault."""

    label: Pair
    sentence: Pair


VERDICT_WORDS: dict[str, Pair] = {
    CalibrationVerdict.FIT: ("fit", "可用"),
    CalibrationVerdict.UNFIT: ("NOT fit", "不可用"),
    CalibrationVerdict.UNDETERMINED: ("cannot be told", "无法判定"),
}

CALIBRATION_WORDS: dict[str, CalibrationWords] = {
    CalibrationCode.FIELD_MISSING: CalibrationWords(
        ("missing", "缺少字段"),
        (
            "The file does not say {field}: have it exported again with all fields",
            "文件中缺少 {field}：请重新导出完整字段",
        ),
    ),
    CalibrationCode.NOT_A_NUMBER: CalibrationWords(
        ("no number", "不是数值"),
        (
            "{field} holds what is no usable number: the calibration failed there, perform it again",
            "{field} 含有无效数值：标定在此处失败，请重新标定",
        ),
    ),
    CalibrationCode.WRONG_SHAPE: CalibrationWords(
        ("wrong shape", "矩阵形状不符"),
        (
            "{field} is {found} where {expected} is needed: have it exported again",
            "{field} 为 {found}，应为 {expected}：请重新导出",
        ),
    ),
    CalibrationCode.MATRIX_IS_NO_CAMERAS: CalibrationWords(
        ("no camera matrix", "不是相机矩阵"),
        (
            "{field} is no camera matrix (focal lengths above zero, no skew, last row 0 0 1): it may be turned over or"
            " belong to something else; have it exported again",
            "{field} 不是相机矩阵（焦距须大于零、无倾斜、末行为 0 0 1）：可能被转置或属于其他内容，请重新导出",
        ),
    ),
    CalibrationCode.RESOLUTION_DIFFERS: CalibrationWords(
        ("other resolution", "分辨率不符"),
        (
            "It was made for {calibrated}, the footage is {stream}: angles would be read up to {percent} % wrong."
            " Calibrate at the size that is recorded, or set the camera back to it",
            "标定时为 {calibrated}，录像为 {stream}：角度误差可达 {percent}%。请按录像尺寸标定，或把摄像头改回该尺寸",
        ),
    ),
    CalibrationCode.ZOOM_DIFFERS: CalibrationWords(
        ("other zoom", "变焦不符"),
        (
            "It was made at zoom {calibrated}, the camera is at {stream}: set the zoom back, or calibrate anew",
            "标定时变焦为 {calibrated}，现为 {stream}：请恢复变焦或重新标定",
        ),
    ),
    CalibrationCode.PRINCIPAL_POINT_OUTSIDE: CalibrationWords(
        ("centre outside", "主点在画面外"),
        (
            "The principal point ({x}, {y}) lies outside the picture of {size}: the calibration failed, or is"
            " for another"
            " size; perform it again",
            "主点（{x}，{y}）在 {size} 画面之外：标定失败或尺寸不符，请重新标定",
        ),
    ),
    CalibrationCode.PRINCIPAL_POINT_OFF_CENTRE: CalibrationWords(
        ("off centre", "主点偏心"),
        (
            "The principal point ({x}, {y}) lies {percent} % off the centre, {limit} % is the most: the picture was"
            " cropped after it, or the calibration is poor; perform it again",
            "主点（{x}，{y}）偏离中心 {percent}%，上限为 {limit}%：画面被裁剪或标定质量差，请重新标定",
        ),
    ),
    CalibrationCode.FOCAL_LENGTHS_DIFFER: CalibrationWords(
        ("focal lengths differ", "两焦距不一致"),
        (
            "The two focal lengths differ by {percent} %, {limit} % is the most: the picture is stretched, or the"
            " calibration is poor; perform it again",
            "两个焦距相差 {percent}%，上限为 {limit}%：画面被拉伸或标定质量差，请重新标定",
        ),
    ),
    CalibrationCode.FOCAL_LENGTH_IMPLAUSIBLE: CalibrationWords(
        ("focal length implausible", "焦距不合理"),
        (
            "A focal length of {focal} pixels means {angle} degrees of view, plausible are {least} to {most}: it is for"
            " another size of picture or wrong; perform the calibration again",
            "焦距 {focal} 像素对应视场角 {angle} 度，合理范围为 {least} 至 {most} 度：尺寸不符或有误，请重新标定",
        ),
    ),
    CalibrationCode.FOCAL_LENGTH_IN_MM: CalibrationWords(
        ("focal length in mm", "焦距单位为毫米"),
        (
            "The focal length {focal} seems to be in millimetres, pixels are needed: pixels = millimetres x"
            " width of the"
            " picture / width of the sensor (some {example} with a sensor of 7.2 mm)",
            "焦距 {focal} 疑为毫米，应为像素：像素 = 毫米 × 画面宽度 ÷ 传感器宽度（传感器宽 7.2 毫米时约为 {example}）",
        ),
    ),
    CalibrationCode.DISTORTION_MODEL_UNKNOWN: CalibrationWords(
        ("distortion model unknown", "畸变模型未知"),
        (
            "The distortion model {model} is not known here: export it as plumb_bob, rational_polynomial or"
            " equidistant",
            "畸变模型 {model} 不受支持：请导出为 plumb_bob、rational_polynomial 或 equidistant",
        ),
    ),
    CalibrationCode.DISTORTION_NOT_INVERTIBLE: CalibrationWords(
        ("distortion folds", "畸变不可逆"),
        (
            "The distortion folds over {percent} % of the way from the centre to the corner: beyond it two places share"
            " one pixel, and nothing can be measured there. Calibrate with marks out to the corners",
            "畸变在中心到角点的 {percent}% 处发生折叠：更外侧两处景物落在同一像素，无法测量。"
            "请使标定点覆盖到角落后重新标定",
        ),
    ),
    CalibrationCode.REPROJECTION_ERROR_NOT_A_NUMBER: CalibrationWords(
        ("error is no number", "重投影误差无效"),
        (
            "The reprojection error is {error}: the calibration failed, perform it again",
            "重投影误差为 {error}：标定失败，请重新标定",
        ),
    ),
    CalibrationCode.REPROJECTION_ERROR_TOO_LARGE: CalibrationWords(
        ("error too large", "重投影误差过大"),
        (
            "The reprojection error is {error} px, {limit} px is the most: perform the calibration again with sharper"
            " pictures",
            "重投影误差为 {error} 像素，上限为 {limit} 像素：请用更清晰的图片重新标定",
        ),
    ),
    CalibrationCode.REPROJECTION_ERROR_MISSING: CalibrationWords(
        ("error not said", "未写明误差"),
        (
            "The file does not say how large its reprojection error is: keep the protocol of the calibration"
            " with it, or"
            " use a form that says it",
            "文件未写明重投影误差：请随附标定记录，或使用包含误差的格式",
        ),
    ),
    CalibrationCode.DATED_IN_FUTURE: CalibrationWords(
        ("dated later", "日期晚于录像"),
        (
            "It was performed on {performed}, after the recording of {captured}: find the calibration that held"
            " then, or"
            " correct its date",
            "标定日期 {performed} 晚于录像日期 {captured}：请使用当时有效的标定，或更正日期",
        ),
    ),
    CalibrationCode.TOO_OLD: CalibrationWords(
        ("too old", "标定过期"),
        (
            "It was performed on {performed}, {days} days before the end of the recording, {limit} are the most:"
            " calibrate anew",
            "标定日期 {performed}，距录像结束 {days} 天，上限为 {limit} 天：请重新标定",
        ),
    ),
    CalibrationCode.DATE_MISSING: CalibrationWords(
        ("date not said", "未写明日期"),
        (
            "The file does not say when it was performed, so nobody can tell whether it is too old: write it into our"
            " JSON with its date",
            "文件未写明标定日期，无法判断是否过期：请连同日期写入本系统的 JSON 格式",
        ),
    ),
    CalibrationCode.SERIAL_DIFFERS: CalibrationWords(
        ("another device", "属于其他设备"),
        (
            "It names the device {serial}, not {expected}: it belongs to another camera; take the file of this one",
            "其设备编号为 {serial}，而非 {expected}：属于另一摄像头，请使用本设备的文件",
        ),
    ),
    CalibrationCode.SERIAL_MISSING: CalibrationWords(
        ("device not said", "未写明设备"),
        (
            "The file names no device, so nobody can tell whether it is of {expected}: write it into our JSON with the"
            " serial number",
            "文件未写明设备，无法确认属于 {expected}：请连同出厂编号写入本系统的 JSON 格式",
        ),
    ),
    CalibrationCode.ROAD_PLANE_IMPLAUSIBLE: CalibrationWords(
        ("mounting implausible", "安装数据不合理"),
        (
            "A mounting height of {height} m and a tilt of {tilt} degrees below the horizon see no road: correct them",
            "安装高度 {height} 米、俯角 {tilt} 度看不到路面：请更正",
        ),
    ),
    CalibrationCode.ROAD_PLANE_POINTS_FEW: CalibrationWords(
        ("too few surveyed points", "路面测点过少"),
        (
            "{count} surveyed points on the road are too few, {least} are needed to know its error: survey more",
            "路面测点只有 {count} 个，至少需要 {least} 个才能得知误差：请补测",
        ),
    ),
    CalibrationCode.ROAD_PLANE_POINT_BEYOND_HORIZON: CalibrationWords(
        ("point above the horizon", "测点在地平线以上"),
        (
            "Surveyed point {number} lies above the horizon that height and tilt give: correct the point or the tilt",
            "第 {number} 个测点位于按高度和俯角推算的地平线以上：请更正该点或俯角",
        ),
    ),
    CalibrationCode.ROAD_PLANE_ERROR_TOO_LARGE: CalibrationWords(
        ("road plane wrong", "路面误差过大"),
        (
            "The surveyed points lie {rms} m off (the worst {most} m, at most {limit} m are allowed), and distances"
            " between them are {percent} % wrong ({percent_limit} % are allowed): height, tilt or points are wrong, or"
            " the camera was moved; survey again",
            "路面测点误差 {rms} 米（最大 {most} 米，允许 {limit} 米），测点间距离误差 {percent}%（允许"
            " {percent_limit}%）："
            "高度、俯角或测点有误，或摄像头已移位，请重新测量",
        ),
    ),
    CalibrationCode.FILE_CHANGED: CalibrationWords(
        ("changed since commissioning", "与备案不一致"),
        (
            "The file is not the one that was commissioned (now {sha256}, then {commissioned}): restore it, or"
            " commission"
            " the monitor anew with name and reason",
            "文件与建立基准时不一致（现 {sha256}，原 {commissioned}）：请恢复原文件，"
            "或由具名人员说明理由后重新建立基准",
        ),
    ),
}

_EFFECTS: dict[tuple[str, bool], Pair] = {
    ("tilt", True): (
        "A tilt of {change} degrees ({shift} px in the picture) reads speed {percent} % high here, at {range} m",
        "此处（{range} 米）俯角变化 {change} 度（画面移动 {shift} 像素）使测速偏高 {percent}%",
    ),
    ("height", True): (
        "Standing {change} m higher reads speed {percent} % high here, at {range} m",
        "此处（{range} 米）安装高度增加 {change} 米使测速偏高 {percent}%",
    ),
    ("tilt", False): (
        "A tilt of {change} degrees ({shift} px in the picture) reads speed {percent} % low here, at {range} m",
        "此处（{range} 米）俯角变化 {change} 度（画面移动 {shift} 像素）使测速偏低 {percent}%",
    ),
    ("height", False): (
        "Standing {change} m higher reads speed {percent} % low here, at {range} m",
        "此处（{range} 米）安装高度增加 {change} 米使测速偏低 {percent}%",
    ),
}


def calibration_label(code: str, language: Language) -> str:
    """The short name of a fault."""
    return CALIBRATION_WORDS[code].label[language == "zh-CN"]


def told_calibration(fault: CalibrationFault, language: Language) -> str:
    """The sentence of a fault with its values."""
    values = {name: f"{value:g}" if isinstance(value, float) else value for name, value in fault.values}
    return CALIBRATION_WORDS[fault.code].sentence[language == "zh-CN"].format_map(values)


def told_effect(effect: CalibrationEffect, language: Language) -> str:
    """What a small change of the mounting does, in numbers of this very camera."""
    return _EFFECTS[effect.what, effect.speed_percent >= 0][language == "zh-CN"].format(
        change=f"{effect.change:g}",
        shift="?" if effect.shift_px is None else f"{effect.shift_px:.0f}",
        percent=f"{abs(effect.speed_percent):.1f}",
        range=f"{effect.range_m:.0f}",
    )
