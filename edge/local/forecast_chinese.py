"""The Chinese of what is to come, by the code of its sentence, beside what both programs say."""

from __future__ import annotations

from edge.platform.chinese import SHARED

FORECASTS: dict[str, str] = SHARED | {
    "disk_drops": "按目前速度，{time}：将删除本机已有回执的副本，可释放 {size} GiB",
    "disk_drops_now": "正在删除已有回执的副本：{size} GiB",
    "disk_stops": "按目前速度，{time}：停止从设备采集，录像留在设备上；上传继续",
    "disk_stops_soon": "一天之内将停止从设备采集：{time}",
    "disk_stops_soon_do": "请连接服务器、加快上行链路或释放空间；届时录像留在设备上",
    "disk_warns": "按目前速度，{time}：首次告警（disk_warn_percent）",
    "forecast": "预测",
    "forecast_all": "全部收到回执：{done}",
    "forecast_at": "全部收到回执：{done}，速度 {speed} kbit/s",
    "forecast_by": "预计 {time} 前",
    "forecast_flagged": "其中标记的：{count} 个文件，{size} GiB，{done}",
    "forecast_held_back": "未计入：{count} 个文件被服务器拒收，或本机副本缺失",
    "forecast_no_time": "本机不知道当前时间",
    "forecast_not_connected": "没有连接",
    "forecast_not_running": "代理程序未运行",
    "forecast_once": "恢复后还需发送 {length}（{why}）",
    "forecast_paused": "因 uplink_hours 暂停至 {until}；标记的文件照常发送",
    "forecast_put_off": "服务器暂不接收",
    "forecast_slow": "按目前的速度和时段，等待的文件一年内也传不完",
    "forecast_slow_do": "请放宽 `uplink_hours` 和 `uplink_kbit_s`，或改善上行链路",
    "forecast_too_far": "按目前的速度和时段需一年以上",
    "forecast_unknown": "时间无法预计：{why}",
    "forecast_unmeasured": "上行速度尚未测得",
    "keeps_a_day": "最近的回执不足 24 小时",
    "keeps_by_clock": "本机时钟不可靠",
    "keeps_by_rule": '设置 release = "keep" 不删除设备上的任何文件',
    "keeps_on_hold": "其中有文件因案件保留",
    "keeps_unreceipted": "其中有文件尚无回执",
    "recorder": "执法记录仪 {device}",
    "recorder_full_do": "请清空或更换它；尚无回执的录像先不要删除",
    "recorder_nearly_full": "执法记录仪 {device}：{docked} 接入时还可录 {left}；未释放的原因：{reasons}",
    "recorder_room": "执法记录仪 {device}：{docked} 接入时还可录 {left}；其中的文件可以删除",
}
