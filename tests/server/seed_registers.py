"""What the seeded department says about itself: units, people, devices, duties, cases, sites, accounts.

Texts that belong to unit A alone carry MARK_A, those of unit B MARK_B; what the public may never see carries SECRET.
"""

from __future__ import annotations

from edge.contract.instants import parse_rfc3339
from server.domain.access import Role

NOW_US = parse_rfc3339("2026-11-21T17:30:00+08:00")
DAY = "2026-11-21"
PASSWORD = "correct horse battery"
MARK_A, MARK_B, SECRET = "甲标", "乙标", "密标"
MINUTE_US = 60_000_000
GATEWAY_A, GATEWAY_B = "gw-000000000000000a", "gw-000000000000000b"

UNITS = f"""number,name,parent_number
U0,交通警察支队,
UA,城东大队{MARK_A},U0
UB,城西大队{MARK_B},U0
"""
OFFICERS = f"""number,name,unit_number,kind
A-03101,张建国{MARK_A}{SECRET},UA,officer
A-03102,王丽{MARK_A}{SECRET},UA,officer
A-03103,赵敏{MARK_A}{SECRET},UA,auxiliary
B-04201,李强{MARK_B}{SECRET},UB,officer
"""
DEVICES = f"""number,kind,unit_number,model,serial,functions,schedule
BWC-A1,recorder,UA,DSJ-V9,SER-A1-{SECRET},,
BWC-A2,recorder,UA,DSJ-V9,SER-A2-{SECRET},,
CAM-A1,monitor,UA,HT-3000,SER-CAM-{SECRET},speed+clock,on_event
BWC-B1,recorder,UB,DSJ-V9,SER-B1-{SECRET},,
CAM-B1,monitor,UB,HT-3000,SER-CB1-{SECRET},speed,on_event
"""
ASSIGNMENTS = """number,device_number,officer_number,valid_from,valid_until
L-1,BWC-A1,A-03101,2026-11-01,
L-2,BWC-A2,A-03103,2026-11-01,
L-3,BWC-B1,B-04201,2026-11-01,
"""
DUTIES = f"""number,officer_number,unit_number,kind,start,end,note
D-A1,A-03101,UA,road,2026-11-21 09:00:00,2026-11-21 13:00:00,早高峰{MARK_A}
D-A2,A-03101,UA,office,2026-11-21 15:00:00,2026-11-21 17:00:00,
D-A3,A-03102,UA,checkpoint,2026-11-21 08:00:00,2026-11-21 10:00:00,
D-A4,A-03103,UA,road,2026-11-21 14:00:00,2026-11-21 18:00:00,
D-A5,A-03103,UA,road,2026-11-19 09:00:00,2026-11-19 11:00:00,
D-B1,B-04201,UB,road,2026-11-21 09:00:00,2026-11-21 12:00:00,西环{MARK_B}
"""
CERTIFICATES = f"""number,device_number,function,body,performed,valid_from,valid_until,result
JL-A-1,CAM-A1,speed,省计量院,2025-11-10,2025-11-10,2026-11-10,pass
JL-A-2,CAM-A1,clock,省计量院,2025-11-26,2025-11-26,2026-11-26,pass
JL-B-1{MARK_B},CAM-B1,speed,省计量院,2026-06-01,2026-06-01,2027-06-01,pass
"""
CASES = f"""number,kind,unit_number,officer_number,occurred,arrived,cleared,place,plate
HG-A-0001,accident,UA,A-03101,2026-11-21 09:30:00,2026-11-21 09:25:00,2026-11-21 09:50:00,建设路{MARK_A},甘A12345
HG-A-0002,enforcement,UA,A-03101,2026-11-21 11:05:00,,,胜利街{MARK_A},甘A54321
HG-A-0003,accident,UA,A-03102,2026-11-21 09:00:00,,,东环路口{MARK_A},
HG-B-0001,accident,UB,B-04201,2026-11-21 11:30:00,,,西环路{MARK_B},
"""
SITE_HEAD = (
    "number,kind,road,direction,lanes,stake,district,longitude,latitude,violations,unit_number,stage,"
    "notice,enforcement,basis,publication_number\n"
)
LAW = "道路交通安全法第114条"
SITES = (
    SITE_HEAD
    + f"""S-A-1,测速,连霍高速,东向西,,K1780+300,城东区,103.8201,36.0712,超速,UA,active,2026-01-05,2026-02-10,{LAW},GS-1
S-A-2,闯红灯,建设路,南向北,3,中山路口,城东区,103.8411,36.0655,闯红灯,UA,announced,2026-11-10,2026-12-15,{LAW},GS-2
"""
    + f"S-A-9-{SECRET},测速,不公开路{SECRET},,2,,城东区,103.9,36.1,超速,UA,proposed,,,,\n"
    + "S-B-1,测速,西环快速路,北向南,2,K12+000,城西区,103.7000,36.0500,=超速,UB,active,2026-01-05,2026-02-10,"
    f"{LAW},GS-1\n"
)
INSTALLATIONS = """number,site_number,device_number,valid_from,valid_until
I-1,S-A-1,CAM-A1,2026-01-01,
I-2,S-B-1,CAM-B1,2026-01-01,
"""
REGISTERS = {
    "units": UNITS,
    "officers": OFFICERS,
    "devices": DEVICES,
    "assignments": ASSIGNMENTS,
    "duties": DUTIES,
    "certificates": CERTIFICATES,
    "cases": CASES,
    "sites": SITES,
    "installations": INSTALLATIONS,
}
ACCOUNTS: dict[str, tuple[Role, str, str | None]] = {
    "supervisor-a": (Role.SUPERVISOR, "UA", None),
    "supervisor-b": (Role.SUPERVISOR, "UB", None),
    "supervisor-all": (Role.SUPERVISOR, "*", None),
    "officer-a": (Role.OFFICER, "UA", "A-03101"),
    "case-officer-a": (Role.CASE_OFFICER, "UA", None),
    "custodian-a": (Role.CUSTODIAN, "UA", None),
    "auditor": (Role.AUDITOR, "*", None),
    "administrator": (Role.ADMINISTRATOR, "", None),
}
