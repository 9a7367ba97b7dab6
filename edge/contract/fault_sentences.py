"""The words of every fault code in English and Chinese: a label, and a sentence with named places.

`{span}` is made from the fault's own seconds; a place ending in `_at_s` is shown as h:mm:ss.s; a place in
`VALUE_WORDS` holds a code that has words of its own. A test holds both languages to the same places.
"""

from __future__ import annotations

from edge.contract.code_words import CodeWords, Pair
from edge.contract.inspection import FaultCode

FAULT_SENTENCES: dict[str, CodeWords] = {
    FaultCode.EMPTY: CodeWords(
        ("empty", "空文件"),
        (
            "The file has no bytes: copy it from the device again; if it is empty there too, it was never written",
            "文件长度为零：请从设备重新复制；若设备上也为空，则录像从未写入",
        ),
    ),
    FaultCode.UNREADABLE: CodeWords(
        ("cannot be read", "无法读取"),
        (
            "The file cannot be read ({why}): check the medium and the permissions, then copy it again",
            "文件无法读取（{why}）：请检查介质和权限后重新复制",
        ),
    ),
    FaultCode.NOT_MEDIA: CodeWords(
        ("not a recording", "不是视音频文件"),
        (
            "It is no recording ({found}): look on the device for the recording of that number",
            "不是视音频文件（{found}）：请在设备上查找该编号的录像",
        ),
    ),
    FaultCode.WRONG_EXTENSION: CodeWords(
        ("wrong extension", "扩展名与内容不符"),
        (
            "The name says {named}, the bytes are {container}: it is read by its bytes; ask who renamed it",
            "文件名为 {named}，内容为 {container}：按内容读取；请查明改名原因",
        ),
    ),
    FaultCode.INDEX_MISSING: CodeWords(
        ("no index: the recording was not ended", "缺少索引：录像未正常结束"),
        (
            "The index (moov) is missing ({found}): the recording was not ended and cannot be shown; keep the file and"
            " fetch it from the device again",
            "缺少索引 moov（{found}）：录像未正常结束，无法播放；请保留文件并从设备重新采集",
        ),
    ),
    FaultCode.INDEX_CUT: CodeWords(
        ("index cut off", "索引被截断"),
        (
            "The index (moov) is cut off, {missing_bytes} bytes of it and of the file are missing: fetch the file from"
            " the device again",
            "索引 moov 被截断，文件缺少 {missing_bytes} 字节：请从设备重新采集",
        ),
    ),
    FaultCode.INDEX_DAMAGED: CodeWords(
        ("index damaged", "索引损坏"),
        (
            "The index contradicts itself ({why}), {span}: {frames_indexed} pictures are indexed, {frames_read} could"
            " be read; compare with the device's own copy",
            "索引自相矛盾（{why}），{span}：索引 {frames_indexed} 帧，可读 {frames_read} 帧；请与设备中的原件比对",
        ),
    ),
    FaultCode.TABLE_BOMB: CodeWords(
        ("impossible table", "索引表异常"),
        (
            "A table of the index ({table}) claims {claimed} entries where {fitting} fit: the file was damaged or made"
            " to harm; only what fits was read; ask where it came from",
            "索引表 {table} 声称 {claimed} 项，最多只能有 {fitting} 项：文件损坏或被恶意构造；"
            "只读取有效部分，请查明来源",
        ),
    ),
    FaultCode.DATA_CUT: CodeWords(
        ("cut off", "数据被截断"),
        (
            "The recording is cut off {span}: at least {missing_bytes} bytes are missing ({cut}); fetch the file from"
            " the device again",
            "录像被截断，{span}：至少缺少 {missing_bytes} 字节（{cut}）；请从设备重新采集",
        ),
    ),
    FaultCode.DATA_HOLE: CodeWords(
        ("hole in the data", "数据空洞"),
        (
            "The data are destroyed {span}, {frames} pictures; what follows may be smeared until {shown_again_at_s}:"
            " fetch the file from the device again",
            "数据被破坏，{span}，共 {frames} 帧；其后画面至 {shown_again_at_s} 前可能异常；请从设备重新采集",
        ),
    ),
    FaultCode.SOUND_HOLE: CodeWords(
        ("hole in the sound", "声音数据空洞"),
        (
            "The data of the sound are destroyed {span}, {packets} packets: fetch the file from the device again",
            "声音数据被破坏，{span}，共 {packets} 个数据包：请从设备重新采集",
        ),
    ),
    FaultCode.HEAD_MISSING: CodeWords(
        ("beginning missing", "开头缺失"),
        (
            "The beginning of the file is missing or destroyed; a recording is recognised from byte {recognised_from}"
            " on: the start may be later than it says; fetch the file from the device again",
            "文件开头缺失或被破坏，自第 {recognised_from} 字节起才能识别出录像：实际开始时间可能更晚；请从设备重新采集",
        ),
    ),
    FaultCode.NOT_ENDED: CodeWords(
        ("recording was not ended", "录像未正常结束"),
        (
            "The recorder never ended this file ({unfinished}): what it holds can be seen, but its end may be missing;"
            " compare with the device's own copy",
            "录制设备未正常结束此文件（{unfinished}）：已有内容可以查看，但结尾可能缺失；请与设备中的原件比对",
        ),
    ),
    FaultCode.SECOND_RECORDING: CodeWords(
        ("a second recording inside", "文件内另有录像"),
        (
            "A second recording begins at byte {begins_at_byte} and is not counted: fetch both files from the device"
            " again",
            "第 {begins_at_byte} 字节起另有一段录像，未计入：请从设备分别重新采集两个文件",
        ),
    ),
    FaultCode.SAMPLES_PAST_END: CodeWords(
        ("pictures beyond the end", "画面超出文件末尾"),
        (
            "The index names {frames} of {frames_indexed} pictures beyond the end of the file, {span}: fetch the file"
            " from the device again",
            "索引中 {frames_indexed} 帧里有 {frames} 帧超出文件末尾，{span}：请从设备重新采集",
        ),
    ),
    FaultCode.FRAMES_MISSING: CodeWords(
        ("frames missing", "缺帧"),
        (
            "No pictures {span}, about {frames} at the rate around: ask the wearer or the site what happened then",
            "{span} 没有画面，按前后帧率约缺 {frames} 帧：请向使用人或现场核实",
        ),
    ),
    FaultCode.CLOCK_STEP: CodeWords(
        ("clock step", "时钟跳变"),
        (
            "The device's clock was probably set {direction} by about {step} s, {span}: times after it may be off by"
            " that; compare with the neighbouring files",
            "设备时钟可能被{direction}约 {step} 秒，{span}：其后的时间可能有此偏差；请与前后文件比对",
        ),
    ),
    FaultCode.RATE_SHORTFALL: CodeWords(
        ("too few pictures", "帧率不足"),
        (
            "{real_fps} pictures a second instead of {nominal_fps}, {span}: {missing_percent} % are missing without a"
            " hole to be seen; have the device and its card checked",
            "每秒 {real_fps} 帧，应为 {nominal_fps} 帧，{span}：分散缺少 {missing_percent}%，无明显间断；"
            "请检修设备和存储卡",
        ),
    ),
    FaultCode.STILL_GROWING: CodeWords(
        ("still being written", "仍在写入"),
        (
            "The file is still being written: look again when the device has ended it",
            "文件仍在写入：请待设备录制结束后再检查",
        ),
    ),
    FaultCode.DUPLICATE: CodeWords(
        ("the same as another", "内容重复"),
        (
            "Its bytes are those of {other}: it counts once; ask why there are two names",
            "内容与 {other} 完全相同：只计一次；请查明为何有两个名称",
        ),
    ),
    FaultCode.NO_VIDEO: CodeWords(
        ("no picture", "没有画面"),
        (
            "There is no picture in the file ({inside}): check the camera and its settings",
            "文件中没有画面（{inside}）：请检查摄像头及设置",
        ),
    ),
    FaultCode.NO_TIMES: CodeWords(
        ("no times inside", "没有时间信息"),
        (
            "The file does not say when each picture was taken ({timeless}): holes in it cannot be seen; hold its start"
            " and end against the device's log",
            "文件未记录每帧时间（{timeless}）：无法发现其中的间断；请将起止时间与设备日志核对",
        ),
    ),
    FaultCode.TIMES_DISAGREE: CodeWords(
        ("its times disagree", "时间信息不一致"),
        (
            "What speaks of its start disagrees ({said}): the first counts; check the device's clock",
            "开始时间的来源互相矛盾（{said}）：以第一个为准；请检查设备时钟",
        ),
    ),
    FaultCode.START_IN_FUTURE: CodeWords(
        ("starts in the future", "开始时间在未来"),
        (
            "It was met at {landed}, before it says it began: set the device's clock",
            "采集时间 {landed} 早于其标称开始时间：请校准设备时钟",
        ),
    ),
    FaultCode.SIDECAR_UNREADABLE: CodeWords(
        ("its sidecar cannot be used", "附属文件无法使用"),
        (
            "The file beside it cannot be used ({why}): the recording counts without it; mend it and dock again",
            "附属文件无法使用（{why}）：录像仍有效；请修正后重新接入",
        ),
    ),
    FaultCode.CRASHED: CodeWords(
        ("the check of it failed", "检查时出错"),
        (
            "The check of it failed ({why}): nothing is known of its inside; the file itself was kept",
            "检查出错（{why}）：内部情况不明；文件本身已保留",
        ),
    ),
    FaultCode.TIMED_OUT: CodeWords(
        ("the check of it took too long", "检查超时"),
        (
            "The check of it was ended after {limit_s} s: nothing is known of its inside; the file itself was kept",
            "检查超过 {limit_s} 秒被终止：内部情况不明；文件本身已保留",
        ),
    ),
}

VALUE_WORDS: dict[str, dict[str, Pair]] = {
    "found": {
        "only_zeros": ("only zeros", "全为零"),
        "no_known_beginning": ("no known beginning", "开头无法识别"),
        "text": ("text", "文本"),
        "picture": ("a still picture", "静态图片"),
        "not_a_file": ("no regular file; links are not followed", "不是普通文件；不跟随链接"),
        "not_openable": ("damaged beyond reading", "损坏严重，无法解读"),
        "cut_off": ("the file ends before it", "文件在索引之前结束"),
        "zeros_follow": ("only zeros where it should stand", "应有索引处全为零"),
        "not_written": ("it was never written", "索引从未写入"),
    },
    "why": {
        "tables_contradict": ("its tables do not fit together", "各表互不相符"),
        "box_does_not_fit": ("a box does not fit into its parent", "数据盒超出上级边界"),
        "places_outside_data": ("pictures lie outside the data", "画面位置在数据区之外"),
        "pictures_overlap": ("pictures overlap in the file", "画面数据相互重叠"),
        "lengths_differ": ("its lengths disagree", "时长不一致"),
        "counts_differ": ("its counts disagree", "帧数不一致"),
        "fragment_missing": ("fragments are missing or unreadable", "片段缺失或无法解读"),
    },
    "cut": {
        "box_beyond_end": ("a box goes on beyond the end", "数据盒超出文件末尾"),
        "segment_beyond_end": ("the container promises more", "容器标称长度更大"),
        "torn_packet": ("the last packet is torn", "最后一个数据包不完整"),
        "shorter_than_header": ("shorter than its header says", "短于文件头标称时长"),
        "no_box_follows": ("the file goes on, but not as a recording", "其后的数据不是录像"),
        "torn_frames": ("torn pictures", "画面不完整"),
    },
    "unfinished": {
        "no_length": ("its length was never written", "从未写入时长"),
        "no_size": ("its size was never written", "从未写入长度"),
    },
    "direction": {"back": ("back", "拨慢"), "ahead": ("ahead", "拨快")},
    "container": {"picture": ("a still picture", "静态图片")},
    "inside": {
        "sound_only": ("sound alone", "只有声音"),
        "nothing": ("nothing can be read of it", "无可读内容"),
    },
    "timeless": {
        "frames_counted": ("it counts pictures at a stated rate", "只按标称帧率计帧"),
        "no_clock": ("bare pictures without a rate", "只有画面，无帧率"),
        "incredible": ("its times cannot be believed", "时间不可信"),
    },
}
