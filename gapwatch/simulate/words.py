"""Words of the sample company: names, titles, subjects, comments, in several languages and scripts."""

from __future__ import annotations

REGIONS = ("DACH", "Nordics", "Iberia", "Greater China", "North America", "CEE")
#: Language of a region's subjects and comments.
LANGUAGES = ("de", "en", "es", "zh", "en", "en")
CURRENCIES = ("EUR", "EUR", "EUR", "CNY", "USD", "EUR")
COUNTRY_DOMAINS = ("de", "se", "es", "cn", "com", "pl")

INDUSTRIES = (
    "Automotive",
    "Banking",
    "Chemicals",
    "Energy",
    "Food & beverage",
    "Healthcare",
    "Logistics",
    "Retail",
)

COMPANY_FIRST: tuple[tuple[str, ...], ...] = (
    ("Nordwind", "Süßmann", "Grünwald", "Hänsel", "Rheinwerk", "Müller & Söhne", "Isarblick", "Böhm"),
    ("Åkerlund", "Fjordkraft", "Sjöberg", "Hålogaland", "Østerbro", "Lumi", "Björk", "Kettunen"),
    ("Peñalver", "Ibérica", "Montaña", "Castaños", "Atlântico", "Ribeirão", "Cañón", "Muñoz"),
    ("北辰", "华信", "远航", "天工", "金桥", "东海", "明德", "长青"),
    ("Redwood", "Lakeshore", "Summit", "Pioneer", "Great Plains", "Harbor", "Beacon", "O'Neill"),
    ("Łódzka", "Dvořák", "Wiśniewski", "Tatra", "Škoda & Syn", "Győri", "Vltava", "Bałtyk"),
)
COMPANY_LAST: tuple[tuple[str, ...], ...] = (
    ("Logistik GmbH", "Maschinenbau AG", "Versicherung AG", "Energie GmbH & Co. KG", "Chemie GmbH"),
    ("Shipping AB", "Energi ASA", "Livsmedel AB", "Pharma A/S", "Metsä Oy"),
    ("Alimentación, S.A.", "Banco, S.A.", "Energía, S.L.", "Química, S.A.", "Logística, Lda."),
    ("科技有限公司", "物流股份有限公司", "银行", "医药集团", "能源有限公司"),
    ("Foods, Inc.", "Health Systems", "Motors", "Bancorp", "Freight LLC"),
    ("Tekstyl S.A.", "Banka a.s.", "Chemia Sp. z o.o.", "Energetika s.r.o.", "Élelmiszer Zrt."),
)
GIVEN_NAMES: tuple[tuple[str, ...], ...] = (
    ("Anna", "Jürgen", "Sabine", "Björn", "Käthe", "Lukas", "Mareike", "Stefan"),
    ("Åsa", "Søren", "Maja", "Øystein", "Päivi", "Lars", "Ingrid", "Jukka"),
    ("Begoña", "José", "Íñigo", "Lucía", "João", "Inês", "Raúl", "Núria"),
    ("伟", "芳", "敏", "静", "磊", "洋", "艳", "建国"),
    ("Emily", "James", "Chloë", "Marcus", "Aaliyah", "Noah", "Sofia", "William"),
    ("Łukasz", "Žofie", "Gergő", "Małgorzata", "Jiří", "Zsófia", "Paweł", "Eliška"),
)
FAMILY_NAMES: tuple[tuple[str, ...], ...] = (
    ("Schröder", "Weiß", "Kaufmann", "Jäger", "von der Heyde", "Lehmann", "Groß", "Özdemir"),
    ("Lindström", "Ødegård", "Mäkinen", "Hansen", "Nyström", "Björklund", "Virtanen", "Dahl"),
    ("Ibáñez", "Núñez", "Araújo", "García", "Conceição", "Peña", "Etxeberria", "López"),
    ("王", "李", "张", "刘", "陈", "杨", "赵", "欧阳"),
    ("O'Brien", "Nguyen", "Smith", "Peña-Hart", "Johnson", "Lee", "MacDonald", "Garcia"),
    ("Nowak", "Čapek", "Kovács", "Wójcik", "Dvořáková", "Szabó", "Zieliński", "Růžička"),
)

JOB_TITLES = (
    "Analyst",
    "Purchasing officer",
    "IT service owner",
    "Operations manager",
    "Project lead",
    "Quality engineer",
    "Plant engineer",
    "Controller",
)
KEY_TITLES = ("Chief information officer", "Head of operations", "Head of procurement", "Managing director")
DEPARTMENTS = ("IT", "Operations", "Procurement", "Finance", "Quality", "Engineering")

STAFF = (
    "a.keller",
    "b.osei",
    "c.lindqvist",
    "d.wang",
    "e.moreau",
    "f.rossi",
    "g.novak",
    "h.tanaka",
    "i.santos",
    "j.weber",
    "k.iyer",
    "l.haddad",
)

CATEGORIES = ("access", "data", "hardware", "integration", "report", "request")

SUBJECTS: dict[str, tuple[str, ...]] = {
    "en": (
        "Nightly export is missing rows",
        "Login fails after password change",
        "Report shows last month’s figures",
        "Please add two users to the portal",
        "Interface to the ERP is down – urgent",
        "Question about invoice; see attachment",
        "Scanner at dock 4 not responding",
    ),
    "de": (
        "Schnittstelle zum ERP hängt",
        "Zugriff für neue Kollegin benötigt",
        "Auswertung zeigt falsche Maßeinheit",
        "Drucker im Lager druckt nicht",
        "Rückfrage zur Lieferung; bitte prüfen",
        "Größe der Anhänge überschritten",
    ),
    "es": (
        "No se puede acceder al portal",
        "El informe llega vacío",
        "Error al cargar facturas de mañana",
        "¿Cuándo se entrega la integración?",
        "Añadir usuario para el almacén",
    ),
    "zh": (
        "系统无法登录",
        "报表数据与实际不符，请尽快处理",
        "接口超时：订单未同步",
        "申请新增两个用户",
        "打印机没有响应",
    ),
}

#: Comments by language: unhappy, mixed, happy.
COMMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "We keep asking the same question.\nNobody calls back.",
            'They said "next week" three times; still waiting.',
            "Passed from team to team, each one starting over.",
            "Promised a lot before signing, little of it arrived.",
        ),
        (
            "Fine on the whole, but slow around month end.",
            "Good people; the process is heavy.",
            "OK 👍 – could be more proactive.",
        ),
        (
            "They know our business and it shows.",
            "Quick, friendly, solved at first go. 🙂",
            "Best partner we have, keep it up!",
        ),
    ),
    "de": (
        (
            "Seit Wochen keine Rückmeldung.\r\nDas geht so nicht.",
            "Zusagen werden nicht eingehalten; Termine ständig verschoben.",
            "Jeder Anruf landet bei jemand anderem – wir fangen jedes Mal von vorne an.",
        ),
        ("Im Großen und Ganzen in Ordnung.", "Fachlich gut, die Abstimmung dauert zu lange."),
        ("Sehr zufrieden, weiter so!", "Schnell, verlässlich, freundlich – danke an das Team."),
    ),
    "es": (
        ("Nadie responde.\nLlevamos semanas esperando.", "Se prometió mucho; no se cumplió nada."),
        ("Bien, aunque a veces tarda demasiado.", "Correcto; falta iniciativa."),
        ("Excelente atención, ¡gracias!", "Entienden nuestro negocio."),
    ),
    "zh": (
        (
            "问题反馈后一直没有人跟进。\n希望尽快解决！",
            "承诺的时间一再推迟，非常失望。",
            "每次都要重新解释一遍情况。",
        ),
        ("总体还可以，响应速度有待提高。", "服务人员专业；流程偏慢。"),
        ("服务很好，响应及时，谢谢！", "非常了解我们的业务，合作愉快。"),
    ),
}

PROJECTS = (
    "Lagerumbau Süd",
    "ERP rollout",
    "Portal v2",
    "Customs interface",
    "Qualitätsmonitor",
    "Almacén Peñíscola",
    "Data centre move",
    "Reporting café",
    "Field app",
    "Invoice automation (€)",
)

#: Perception items of the service dimensions that come with the product; others are asked by label.
ITEM_TEXTS: dict[str, tuple[str, ...]] = {
    "responsiveness": (
        "They answer fast.",
        "We have to chase them for a solution.",
        "They solve it within the time they named.",
    ),
    "business_understanding": ("They understand our business.", "What they deliver fits the first time."),
    "resource_mobilization": ("They bring the right people.", "We are not passed from team to team."),
    "trust": (
        "They deliver as promised.",
        "They follow up what was left over.",
        "Their solutions are of value to us.",
    ),
}
#: Items whose high answer is bad news: (service dimension, position).
REVERSED_ITEMS = frozenset({("responsiveness", 1)})
