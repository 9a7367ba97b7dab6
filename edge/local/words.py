"""The words a person at the gateway reads, in both languages.

States and reasons that come as data have both here, by their code. What this program says of its own accord is a
`Sentence`, which brings its English along; its Chinese stands in `chinese.py`, by the same code.
"""

from __future__ import annotations

from edge.contract.sentences import Sentence, in_words
from edge.local.chinese import CHINESE
from edge.platform.terminal import Language

_WORDS: dict[str, tuple[str, str]] = {
    "gateway": ("Gateway", "采集站"),
    "agent": ("Agent", "代理程序"),
    "running": ("running", "运行中"),
    "not_running": ("not running: start it with `tallylight-edge run`", "未运行：请用 `tallylight-edge run` 启动"),
    "server": ("Server", "服务器"),
    "connected": ("connected", "已连接"),
    "connecting": ("connecting", "正在连接"),
    "unreachable": ("not reachable; footage is kept here until it is", "无法连接；录像先保存在本机"),
    "unanswered": ("does not answer; footage is kept here until it does", "无应答；录像先保存在本机"),
    "login_refused": (
        "refuses this gateway: it was revoked or enrolled elsewhere. Enrol it again with a new code",
        "拒绝本站登录：已被吊销或已在别处注册。请用新注册码重新注册",
    ),
    "stopped": ("not connected", "未连接"),
    "unanswered_since": ("notes nothing since", "对报告无任何确认，始于"),
    "unanswered_why": (
        "It knows another key for this gateway (this data folder is an old or foreign copy), or another machine runs"
        " under the same id, or the server behind the broker stands still, or the broker's access rules let nothing"
        " through: `tallylight-edge doctor` says what to do",
        "可能原因：服务器登记的是另一把密钥（本数据文件夹是旧的或他处的副本）、另一台机器以同一编号运行，"
        "消息代理后的服务器已停止，或消息代理的访问规则不放行。处理方法见 `tallylight-edge doctor`",
    ),
    "gateway_cloned": (
        "another machine runs under this gateway's id and was there first: stop one of the two, or enrol this one anew"
        " in an empty data folder",
        "另一台机器已先以本站编号运行：请停掉其中一台，或在空数据文件夹中重新注册本机",
    ),
    "signing_stopped": (
        "signs no receipts until a person there decides (`tallylight-server doctor`); footage is kept here",
        "暂停签发回执，须由服务器人员处理（`tallylight-server doctor`）；录像保存在本机",
    ),
    "inspecting": ("Being inspected", "正在检查"),
    "since": ("since", "始于"),
    "waiting": ("Waiting for a receipt", "等待回执"),
    "nothing_waits": ("nothing: every clip has its receipt", "无：所有视音频文件均已收到回执"),
    "clips": ("clips", "个文件"),
    "oldest": ("oldest", "最早"),
    "ago": ("ago", "前"),
    "last_receipt": ("Last receipt", "最近回执"),
    "none_yet": ("none yet", "暂无"),
    "reports_waiting": ("Reports not yet noted", "未确认的报告"),
    "resting": ("Files still being written or waited for", "仍在写入或等待中的文件"),
    "disk": ("Disk", "磁盘"),
    "free": ("free", "可用"),
    "register": ("Register", "登记数据"),
    "device": ("Device", "设备"),
    "last_docking": ("Last docked", "最近接入"),
    "landed": ("Clips", "文件"),
    "receipted": ("Receipts", "回执"),
    "waits": ("Waiting", "等待"),
    "battery": ("Battery", "电量"),
    "storage": ("Free", "剩余空间"),
    "clock": ("Clock", "时钟偏差"),
    "no_device": ("(unknown device)", "（设备不明）"),
    "gateway_clock": ("Clock here", "本机时钟"),
    "no_devices": ("No device has been here yet.", "尚无设备接入。"),
    "troubles": ("What needs a look", "需要处理"),
    "reason": ("Reason", "原因"),
    "count": ("Number", "数量"),
    "example": ("For example", "例如"),
    "gaps": ("Duties (preliminary; the server decides)", "勤务（初步结果，以服务器为准）"),
    "duty": ("Duty", "勤务"),
    "recorded": ("Recorded", "已录"),
    "missing": ("Missing", "漏录"),
    "undetermined": ("Not known yet", "待定"),
    "failing": ("A part of the agent keeps failing", "代理程序部分功能反复出错"),
    "set_aside": ("Messages that could not be believed", "未通过验证的消息"),
    "clock_unset": (
        "This machine does not know what time it is; it goes by the server's. Set its clock, and start a time service",
        "本机不知道当前时间，暂按服务器的时间。请校正时钟，并启动时间服务",
    ),
    "clock_unsynchronised": (
        "This machine's clock is not kept by a time service: offsets of devices are shown, not applied",
        "本机时钟未由时间服务校准：设备偏差只显示、不应用",
    ),
    "refused": ("refused by the server", "服务器拒收"),
    "put_off": ("put off by the server", "服务器暂缓"),
    "landing_copy_missing": (
        "the copy here is missing before its receipt: dock the device again",
        "本机副本在收到回执前丢失：请重新接入设备",
    ),
    "reference_unusable": (
        "a monitor's commissioned view cannot be used (`tallylight-edge doctor` says why): restore its files from the"
        " backup, or commission the monitor again",
        "监控设备的画面基准无法使用（原因见 `tallylight-edge doctor`）：请从备份恢复其文件，或重新建立基准",
    ),
    "landing_copy_unreadable": ("the copy here cannot be read: check the disk", "本机副本无法读取：请检查磁盘"),
    "not_landed": ("not taken over", "未采集"),
    "hash_differs": ("its bytes arrived changed", "到达的数据与原始不符"),
    "manifest_refused": ("its manifest was not accepted", "清单未被接受"),
    "busy": ("the server is busy", "服务器繁忙"),
    "store_full": ("the server's store is full", "服务器存储空间不足"),
    "not_media": ("not a recording", "不是视音频文件"),
    "unreadable": ("cannot be read: check the medium and the rights", "无法读取：请检查介质和权限"),
    "not_a_file": ("neither a file nor a folder", "既不是文件也不是文件夹"),
    "still_changing": ("still being written", "仍在写入"),
    "sidecar_unreadable": (
        "its sidecar cannot be used (`tallylight-edge doctor` says why); the recording itself was taken over",
        "附属文件无法使用（原因见 `tallylight-edge doctor`）；录像本身已采集",
    ),
    "docking_unreadable": (
        "docking.json cannot be used: `tallylight-edge doctor` says why",
        "docking.json 无法使用：原因见 `tallylight-edge doctor`",
    ),
    "intake": ("Taking over", "采集"),
    "source": ("Watched folder", "监视文件夹"),
    "source_missing": (
        "is not there: attach the disk or card, or correct `folder` in edge.toml",
        "不存在：请接上磁盘或存储卡，或修改 edge.toml 中的 `folder`",
    ),
    "waiting_for_space": (
        "stopped: this machine's disk is nearly full. Footage stays on the devices; free space or connect the server",
        "已停止：本机磁盘将满。录像留在设备上；请释放空间或连接服务器",
    ),
    "landing_disk_failing": (
        "stopped: this machine's disk does not keep what is written. Replace it; footage stays on the devices",
        "已停止：本机磁盘写入异常。请更换磁盘；录像留在设备上",
    ),
    "looking": ("looking", "正在检查"),
    "files": ("files", "个文件"),
    "file": ("File", "文件"),
    "start": ("Start", "开始时间"),
    "length": ("Length", "时长"),
    "verdict": ("Verdict", "结论"),
    "verdict_whole": ("whole", "完整"),
    "verdict_damaged": ("damaged", "损坏"),
    "verdict_unreadable": ("unreadable", "无法解读"),
    "start_sidecar": ("from its sidecar", "附属文件"),
    "start_name": ("from its name", "文件名"),
    "start_container": ("from inside it", "文件内部"),
    "start_mtime": ("from its time of change", "修改时间"),
    "start_none": ("unknown", "不明"),
    "reference": ("Reference", "画面基准"),
    "commissioned": ("Commissioned", "建立时间"),
    "by": ("By", "建立人"),
    "reason_given": ("Reason", "理由"),
    "pictures_of": ("Pictures of", "图片尺寸"),
    "light_day": ("By day", "日间"),
    "light_night": ("By night", "夜间"),
    "light_numbers": (
        "{pictures} pictures, agreement {agreement:.2f}, detail {detail:.1f} %, own sway {sway:.2f} %,"
        " displaced from {limit:.2f} % of the width",
        "{pictures} 幅，一致度 {agreement:.2f}，细节 {detail:.1f}%，自身晃动 {sway:.2f}%，"
        "移动达宽度的 {limit:.2f}% 判为偏移",
    ),
    "masks": ("Masked (left, top, width, height)", "屏蔽区域（左、上、宽、高）"),
    "pictures_from": ("From (pictures)", "来源（图片数）"),
    "calibration_file": ("Calibration file", "标定文件"),
    "sha256": ("SHA-256", "SHA-256 哈希值"),
    "replaces": ("Replaces", "取代"),
    "picture_file": ("Picture", "图片文件"),
    "fault": ("Fault", "问题"),
    "what_to_do": ("What is wrong, and what to do", "问题说明与处理"),
    "no_faults": ("nothing is wrong with it", "未发现问题"),
    "good": ("ok  ", "正常"),
    "doubtful": ("mind", "注意"),
    "bad": ("BAD ", "错误"),
}


def word(key: str, language: Language) -> str:
    """The text for `key`; a reason unknown here (from a newer server) is shown as it came."""
    pair = _WORDS.get(key)
    if pair is None:
        return key.replace("_", " ")
    return pair[1] if language == "zh-CN" else pair[0]


def told(said: str, language: Language) -> str:
    """A sentence in the language; text that is data stays as it is."""
    return in_words(said, _chinese if language == "zh-CN" else _english)


def _english(said: Sentence) -> str:
    return said.text


def _chinese(said: Sentence) -> str:
    return CHINESE.get(said.code, said.text)
