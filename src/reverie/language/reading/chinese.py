"""How Chinese says facts."""

from reverie.language.reading.patterns import Language, Pattern

__all__ = ["CHINESE"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_NO = "的是在不了我你您他她它们这那有和跟与也都就很吗呢吧啊把被让给想要会能喜欢爱叫住搬说对从到"
_NAME = rf"(?:(?:(?![{_NO}])[{_HAN}·]){{1,6}}?|[A-Za-z][\w-]*(?: [A-Z][\w-]*)*)"
_RELATIVES = (
    "丈夫|妻子|老公|老婆|妈妈|母亲|爸爸|父亲|哥哥|弟弟|姐姐|妹妹|儿子|女儿|孩子|奶奶|爷爷|朋友|同事|老板|男朋友|女朋友"
)
_PETS = "狗|猫|兔子|仓鼠|鹦鹉|鸟|鱼|马|乌龟"
_JOBS = "老师|教师|医生|护士|工程师|律师|程序员|学生|厨师|司机|警察|会计|设计师|记者|教授|画家|作家|歌手|演员|翻译|农民|工人|经理|科学家|飞行员|牙医|兽医|面包师|音乐家|摄影师"

_PARTS = {
    "name": _NAME,
    "relation": rf"(?:{_RELATIVES}|{_PETS})",
    "who": rf"(?P<who>我们|我|(?:我们?的?|<name>的)(?:{_RELATIVES}|(?<=的)(?:{_PETS}))|<name>)",
    "adv": r"(?:现在|已经|刚刚?|最近|目前|仍然|还|也|都|真的|非常|很|特别|最|终于|一直|去年|今年|上个?月|上周|昨天|前天|今天|\d{4}年)*",
    "place": rf"(?P<value>[A-Z][\w-]*(?: [A-Z][\w-]*)*|(?:(?![的了我你他她它])[{_HAN}·]){{2,8}}?)(?=$|[，。！!,.;；、 ]|了|的|工作|上班|，)",
    "named": rf"(?P<value>[A-Za-z][\w-]*(?: [A-Z][\w-]*)*|(?:(?![的了我你他她它])[{_HAN}·]){{1,8}}?)(?=$|[，。！!,.;；、 ]|了)",
    "org": rf"(?P<value>[A-Za-z][\w& -]*?|[{_HAN}]{{0,10}}?(?:公司|银行|大学|医院|学校|工厂|集团|研究所|事务所|谷歌|微软|苹果|华为|腾讯|阿里巴巴|百度|字节跳动))",
    "thing": rf"(?P<value>(?![你您他她它这那])[{_HAN}\w ]{{1,20}}?)(?=$|[，。！!,.;；])",
    "job": rf"(?P<value>(?:[{_HAN}]{{0,4}})(?:{_JOBS}))(?=$|[，。！!,.;；])",
    "rest": r"(?P<value>[^，。！？,;；\n]+?)[。！]*(?=$|[，。！,;；])",
    "attribute": rf"(?P<what>[{_HAN}]{{1,8}}?)",
}  # fmt: skip

_PATTERNS = (
    # what is over
    Pattern(r"<who><adv>(?:不再|不|没有再?)<adv>(?:住在|生活在|居住在)<place>", "city", ends=True, dated=True),
    Pattern(r"<who><adv>(?:不再|不)<adv>在<org>(?:工作|上班)", "employer", ends=True, dated=True),
    Pattern(r"<who><adv>(?:辞职了|失业了|丢了工作)", "employer", ends=True, dated=True),
    Pattern(r"<who><adv>(?:不再是|不是)(?:一名|一个|一位|个)?<job>", "job", ends=True, dated=True),
    Pattern(r"<who><adv>不再(?:喜欢|爱)(?:吃|喝)?<thing>", "likes", ends=True),
    Pattern(r"<who><adv>不(?:喜欢|爱)(?P<value>[^，。！？,;；\n]{1,20}?)了(?=$|[，。！,;；])", "likes", ends=True),
    Pattern(r"<who><adv>不再讨厌<thing>", "dislikes", ends=True),
    Pattern(r"<who><adv>(?:不再|不)对(?P<value>[^，。！？,;；\n]{1,15}?)过敏", "allergy", ends=True),
    Pattern(r"<who><adv>和<named>离婚", "spouse", ends=True, dated=True),
    # where and what somebody is
    Pattern(r"<who><adv>(?:住在|生活在|居住在|定居在)<place>", "city", dated=True),
    Pattern(r"<who><adv>(?:从[^，。]{1,8}?)?(?:搬家?|移居)(?:到|去|至)了?<place>", "city", dated=True),
    Pattern(r"<who><adv>在<org>(?:工作|上班)", "employer", dated=True),
    Pattern(r"<who><adv>(?:是|当了?|成为了?)(?:一名|一个|一位|个)?<job>", "job", dated=True),
    # how somebody is called, and whom they have
    Pattern(r"我(?:的名字)?(?:叫|是叫|名叫|名字叫|的名字是)<named>", "name"),
    Pattern(r"<who>(?:的名字)?(?:叫|名叫|名字叫|的名字是)<named>", "name"),
    Pattern(rf"<who><adv>(?:有|养了?)(?:一|1)?(?:只|条|个|匹)(?:[{_HAN}]{{0,3}}?)(?P<what>{_PETS}|{_RELATIVES})，?(?:它|他|她)?(?:叫|名叫|名字叫)<named>"),
    Pattern(rf"<who><adv>(?:有|养了?)(?:一|1)?(?:只|条|匹)(?P<value>{_PETS})(?=$|[，。！])", "pet", dated=True),
    Pattern(r"<who><adv>有(?P<value>[一两二三四五\d]个(?:孩子|儿子|女儿|哥哥|弟弟|姐姐|妹妹))(?=$|[，。！])", "family"),
    Pattern(r"<who><adv>(?:嫁给了?|娶了)<named>", "spouse", dated=True),
    Pattern(rf"<who><adv>(?:和|跟|与)(?P<value>{_NAME})结婚了?(?=$|[，。！])", "spouse", dated=True),
    Pattern(r"<who><adv>(?P<value>结婚|离婚|订婚)了(?=$|[，。！])", "marital status", dated=True),
    # what somebody likes, has, speaks
    Pattern(r"<who><adv>(?:讨厌|不喜欢|不爱)(?:吃|喝)?<thing>", "dislikes"),
    Pattern(r"<who><adv>(?:喜欢|喜爱|爱吃|爱喝)(?:吃|喝)?<thing>", "likes"),
    Pattern(r"<who><adv>对(?P<value>[^，。！？,;；\n]{1,15}?)过敏", "allergy"),
    Pattern(rf"<who><adv>(?:会说|会讲|说|讲)(?P<value>[{_HAN}]{{1,4}}(?:语|文)(?:[、和][{_HAN}]{{1,4}}(?:语|文))*)(?=$|[，。！])", "language"),
    Pattern(r"<who><adv>(?:今年)?(?P<value>\d{1,3})岁", "age"),
    Pattern(r"<who><adv>(?:出生在|生于)<place>", "birthplace"),
    Pattern(r"<who><adv>来自<place>", "origin"),
    Pattern(r"<who><adv>开始(?P<value>(?:学|练|玩|打|弹|拉|画|跑|游|抽)[^，。！？,;；\n]{1,8}?)了?(?=$|[，。！])", "activity", dated=True),
    # attributes of the list
    Pattern(r"(?P<who>我们?|<name>)的<attribute>(?:现在)?(?:不再|已经不)是<rest>", ends=True),
    Pattern(r"(?P<who>我们?|<name>)的<attribute>(?:现在)?(?:是|改成了?|变成了?)<rest>"),
)  # fmt: skip

CHINESE = Language(
    code="zh",
    parts=_PARTS,
    patterns=_PATTERNS,
    clause=r"^|[，。！；、,;：:]\s*",
    filler=r"其实|事实上|顺便说一下|对了|现在|目前|最近|去年|今年|上个?月|上周|昨天|前天|今天|你好|嗨|是的|不|但是|但|而且|所以|请记住|记住|另外|从?\d{4}年(?:\d{1,2}月)?(?:起|开始)?|[一二三四五六七八九十]{1,2}月(?:起|开始)?",
    unsure=r"[?？吗呢]\s*[。”]?$|如果|要是|假如|也许|可能|大概|好像|听说|以为|希望|想|打算|准备|未知|如何|什么|谁|小时候|说过|差点|将要|会搬",
    nobody="我 你 您 他 她 它 我们 你们 他们 她们 大家 谁 这 那 这里 那里 昨天 今天 明天 现在 有人 没人",
    valueless="什么 谁 哪里 这里 那里 不",
    cut=r"[，。；]",
    relations=(_RELATIVES + "|" + _PETS).replace("|", " "),
    speaker="我 我们 我的 我们的",
    states="好 不错 很好 坏了 取消了 完了",
    script=rf"[{_HAN}]",
)
