"""What the demo says, in both languages: English where it is said, Chinese here by the code of the sentence."""

from __future__ import annotations

from rich.console import Console

from edge.contract.sentences import in_words
from edge.platform.terminal import Language

CHINESE = {
    "demo_no_folder": "{folder}：没有这个文件夹。",
    "demo_stopped": "已停止。",
    "demo_open": "请在本机浏览器中打开：",
    "demo_sign_in": "以 [bold]{account}[/bold] 登录，密码 [bold]{password}[/bold]",
    "demo_until": "一切保持运行，直到按下 Ctrl-C。",
    "demo_filming": "正在拍摄小镇（种子 {seed}）",
    "demo_making": "正在建立服务器并导入登记数据",
    "demo_day_over": "{folder} 中的小镇属于 {day}，其上交期限已过。请用 --data 另给文件夹，或删除 {folder}。",
    "demo_starting": "正在启动服务器并注册采集站",
    "demo_sealing": "正在上传和封存",
    "demo_not_sealed": "未能及时封存全部文件",
    "demo_settling": "正在等待判定结果稳定",
    "demo_reading": "正在读取 {folder}",
    "demo_listed": "已列出、未上传：{name}（扩展名和文件头均不是视音频）",
    "demo_no_file": "已列出、未上传：{name}（不是普通文件，不跟随链接：请将文件本身复制到此处）",
    "demo_no_time": "没有文件带可读的时间，因此无法虚构勤务：没有漏录可看。",
    "demo_judging": "正在等待虚构勤务的判定",
    "demo_duty": (
        "以下漏录来自演示围绕第一个时间可读的文件虚构的勤务，"
        "比该文件早两分钟开始、晚一分半结束（民警 {officer}，记录仪 {recorder}）："
    ),
    "demo_duty_no_gap": "虚构的勤务没有漏录。",
    "demo_changed": "原有文件被改动：{name}",
    "demo_gone": "原有文件不见了：{name}",
    "demo_held_folder": "文件夹 {folder}",
    "demo_held_town": "种子 {seed} 的小镇",
    "demo_other": "{folder} 中是{held}的演示。请用 --data 另给文件夹，或删除 {folder} 重新开始。",
    "demo_not_empty": "{folder} 不是空文件夹，其中也没有演示。请用 --data 给一个空文件夹。",
    "demo_pages": "页面",
    "demo_metrics": "指标",
    "demo_broker": "消息代理",
    "demo_port": (
        "127.0.0.1 的端口 {port}（用于{purpose}）已被其他程序占用（也许另一个演示仍在运行）。"
        "请结束该程序，或用 --port 另选端口。"
    ),
    "demo_port_and_folder": (
        "127.0.0.1 的端口 {port}（用于{purpose}）已被其他程序占用（也许另一个演示仍在运行）。"
        "请结束该程序，或用 --port 另选端口并用 --data 另选文件夹。"
    ),
    "demo_ended": "{name} 以状态 {status} 结束：\n{told}",
    "demo_ended_log": "{name} 以状态 {status} 结束：\n{told}\n日志：{log}",
    "demo_ready": "服务器未能在 {limit} 秒内就绪",
    "demo_logs": "{why}。各程序的日志在 {folder}。",
    "demo_no_code": "`tallylight-server gateway add` 没有给出注册码。",
    "demo_api": "服务器对 {path} 的应答为 {status}：{text}",
    "demo_keys": "公布的公钥与采集站注册时收到的不同。",
    "demo_no_content": "已封存，但没有文件具有此内容：{clip}",
    "demo_receipt": "文件 {clip} 的回执：{why}",
    "demo_receipt_message": "是另一种消息",
    "demo_receipt_clip": "属于另一个文件",
    "demo_receipt_hash": "其中的哈希或大小与文件不符",
    "demo_case_should": "案件 {number} 应当有录像。",
    "demo_case_should_not": "案件 {number} 不应有录像。",
    "demo_public": "公开列表为 {shown}，公示的是 {announced}。",
    "demo_today": "今日",
    "demo_interruption": "有中断的民警一日",
    "demo_late": "开始过晚的民警一日",
    "demo_ask": "查询：是否录了、可否采信、能否使用",
    "demo_sites": "公开的点位列表（无需登录）",
    "demo_unassigned": "待归属录像",
    "demo_findings": "问题",
    "demo_counts": (
        "{clips} 个文件已封存 {sealed} 个，核实回执 {receipts} 份；漏录 {gaps}，问题 {findings}，"
        "关联 {links}，公开点位 {sites}，用时 {seconds:.0f} 秒"
    ),
    "demo_planted": "预设",
    "demo_expected": "应为",
    "demo_found": "查得",
    "demo_error": "边界误差",
    "demo_missed": "未查出",
    "demo_false": "查得但并未预设：",
}
_PLANTED = {
    "clock_7s": "时钟偏差 7 秒",
    "covered_lens": "镜头被遮挡",
    "expired_certificate": "证书过期",
    "monitor_interruption": "监控设备中断",
    "moved_monitor": "监控设备移位",
    "no_recorder": "未配记录仪的勤务",
    "not_docked": "未接入的记录仪",
    "truncated_file": "文件被截断",
}
"""Faults that the town plants and the pages have no word for."""


def told(said: str, language: Language) -> str:
    """A sentence in the language; text that is data stays as it is."""
    from edge.local.chinese import CHINESE as OF_THE_EDGE

    chinese = {**OF_THE_EDGE, **CHINESE}
    return in_words(said, lambda one: chinese.get(one.code, one.text) if language == "zh-CN" else one.text)


def code_in_words(code: str, language: Language) -> str:
    """A code of the report, or several with commas, as the pages say it; one they do not know as it is."""
    return ", ".join(_one_code(part, language) for part in code.split(", "))


def _one_code(code: str, language: Language) -> str:
    from server.pages.catalogues import Language as PageLanguage
    from server.pages.catalogues import translations
    from server.pages.words import CODES

    contexts = (context for context, codes in CODES.items() if code in codes)
    context = next(contexts, None)
    if context is None:
        return code.replace("_", " ") if language == "en" else _PLANTED.get(code, code)
    return str(translations(PageLanguage(language)).pgettext(context, code))


class DemoConsole(Console):
    """Standard output, and the language it is read in."""

    def __init__(self, language: Language) -> None:
        super().__init__(highlight=False)
        self.language: Language = language

    def told(self, said: str) -> str:
        """A sentence in this console's language."""
        return told(said, self.language)

    def word(self, code: str) -> str:
        """A code in words."""
        return code_in_words(code, self.language)
