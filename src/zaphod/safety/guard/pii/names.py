"""Names of people where the words around them say so; knows no list of names and no model of language.

High precision is the point: capitals alone are no name. What is found stands behind "my name is", a title, a label such
as "patient:", a salutation, or above nothing but the end of a letter.
"""

from __future__ import annotations

import re
from typing import Final

from zaphod.safety.guard.pii.labelled import START
from zaphod.safety.guard.pii.recogniser import Check, Recogniser

_WORD: Final = r"<Upper>(?:<letter>|['’\-]<letter>){1,24}"
_PARTICLE: Final = (
    r"(?:(?:van|von|de|der|den|del|della|di|da|dos|das|du|la|le|al|el|bin|ibn|ter|ten|zu|zur|y|e|af|av)[ ]){0,3}"
)
NAME: Final = rf"{_WORD}(?:[ ]{_PARTICLE}(?:<Upper>\.|{_WORD})){{0,3}}"
_INITIALS_NAME: Final = rf"(?:<Upper>\.[ ]?){{0,3}}{NAME}"
_NO_NAMES: Final = frozenset(
    ["a", "about", "account", "actually", "address", "admin", "administrator", "after", "all", "alle", "allemaal", "an", "and", "anonymous", "are", "as", "at", "author", "available", "bank", "before", "bitte", "both", "but", "by", "candidate", "captain", "centre", "client", "cliente", "clients", "clinic", "collega", "colleague", "colleagues", "collègues", "committee", "community", "company", "contributors", "corporation", "could", "council", "customer", "customers", "damen", "date", "day", "department", "developers", "diary", "director", "doctor", "door", "doubled", "during", "editor", "employee", "english", "error", "est", "everybody", "everyone", "failed", "false", "family", "finance", "folks", "for", "found", "friend", "friends", "from", "fyi", "gast", "god", "good", "group", "guest", "guests", "ha", "had", "hallo", "has", "have", "he", "heart", "help", "her", "herren", "here", "hi", "hiring", "his", "homeowner", "hospital", "how", "http", "https", "i", "if", "in", "inc", "information", "ini", "is", "ist", "it", "its", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "kunde", "kunden", "kundin", "ladies", "last", "limited", "listed", "llc", "lord", "love", "ltd", "madam", "madame", "maintainer", "maintainers", "manager", "me", "member", "members", "messieurs", "microsoft", "mom", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mr", "mrs", "ms", "my", "name", "neighbour", "neighbor", "neither", "new", "no", "nobody", "none", "nor", "not", "nothing", "null", "number", "office", "officer", "on", "online", "or", "our", "page", "parent", "parents", "partner", "partners", "patient", "patients", "people", "phone", "please", "president", "professor", "project", "readers", "recipient", "recruiter", "resident", "residents", "santa", "secret", "senator", "señor", "señora", "señores", "sir", "sirs", "so", "some", "somebody", "someone", "status", "string", "student", "students", "subscriber", "support", "team", "tell", "thank", "thanks", "that", "the", "their", "there", "they", "this", "to", "today", "true", "type", "undefined", "universe", "unknown", "us", "user", "users", "valued", "version", "very", "via", "visitor", "was", "we", "welcome", "what", "when", "where", "which", "who", "why", "will", "with", "world", "would", "www", "yes", "you", "your", "yours", "zusammen"]
)
"""What stands where names stand and is none."""
_INTRODUCTION: Final = (
    r"my (?:full |first |last |real )?name(?:['’]s| is)|name is|i am called|(?:you can |please )?call me|mein name ist|"
    r"ich hei(?:ß|ss)e|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|(?:o )?meu nome é|me chamo|"
    r"chamo-me|mijn naam is|ik heet|jag heter|mitt namn är|jeg heter|jeg hedder|mit navn er|mitt navn er|nimeni on|"
    r"nazywam się|mam na imię|jmenuji se|numele meu este|mă numesc|a nevem|меня зовут|мо[её] имя|мене звати|"
    r"με λένε|ονομάζομαι|benim adım|adım"
)
_TITLE: Final = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?|Srta|Signora?|Sig|Dott|Dottore|"
    r"Senhora?|Dhr|Mevrouw|Mevr|Pani|Fru|Hr|г-н|г-жа|доктор"
)
_SALUTATION: Final = (
    r"Dear|Hi|Hello|Liebe[r]?|Hallo|Cher|Chère|Bonjour|Estimad[oa]|Querid[oa]|Hola|Gentile|Car[oa]|Egregio|Prezad[oa]|"
    r"Beste|Geachte|Kära|Hej|Kjære|Kære|Hei|Drog[ia]|Szanown[ya]|Уважаем(?:ый|ая)"
)
_ROLE: Final = (
    r"(?:patient|client|customer|employee|applicant|claimant|student|cardholder|card holder|account holder|beneficiary|"
    r"insured|witness|defendant|plaintiff|tenant|guest|passenger|next of kin|emergency contact|signed|signed by|attn|"
    r"contact person|full name|first name|last name|surname|family name|given name|maiden name|vorname|nachname|"
    r"patientin|kundin|kunde|ansprechpartner|versicherter|nom|prénom|nom complet|patiente|nombre completo|nombre|apellidos?|"
    r"paciente|nome completo|cognome|paziente|naam|voornaam|achternaam|imię i nazwisko|nazwisko|pacjent(?:ka)?|"
    r"фио|фамилия|имя|пациент(?:ка)?)(?: name|['’]s name)?"
)
_CLOSING: Final = (
    r"(?:yours )?(?:sincerely|faithfully|truly)|(?:best|kind|warm|kindest)? ?regards|best wishes|cheers|best|"
    r"(?:many )?thanks|thank you|mit freundlichen grüßen|(?:viele|beste|liebe|freundliche) grüße|mfg|cordialement|bien à vous|"
    r"sincères salutations|(?:un )?saludos?(?: cordiales)?|atentamente|cordiali saluti|distinti saluti|atenciosamente|"
    r"met vriendelijke groet(?:en)?|med vänliga? hälsning(?:ar)?|med vennlig hilsen|venlig hilsen|pozdrawiam|с уважением"
)
_HAN_SURNAMES: Final = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董袁潘蒋蔣蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鐘谭譚陆陸汪范金石廖贾賈夏韦付方白邹鄒孟熊秦邱江尹薛闫段雷侯龙龍史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"


_PLAIN: Final = "Name|NAME|Nome|Imię"
_TRAILER: Final = "author|committer|signed-off-by|co-authored-by|reviewed-by|reported-by|acked-by"
_CHINESE: Final = "我叫|我的名字是|我的名字叫|姓名[:：]|患者[:：]|叫做"
_JAPANESE: Final = "私の名前は|名前は|氏名[:：]|患者名[:：]|お名前[:：]"
_KOREAN: Final = "제 이름은|내 이름은|저는|성명[:：]|환자[:：]"


def name_length(text: str, least_words: int = 1) -> int:
    """How many characters of capitalised words are a name: those before a word that never is part of one."""
    end = num_words = 0
    for word in re.finditer(r"[^ ]+", text):
        bare = word.group().strip(".,'’-").lower()
        if bare in _NO_NAMES:
            break
        if word.group()[0].isupper():
            end, num_words = word.end(), num_words + 1
    return end if num_words >= least_words else 0


def _two_words(text: str) -> int:
    return name_length(text, 2)


def name_rows() -> list[Recogniser]:
    """From the surest words to the least sure."""
    start, end = START, r"[ ]{0,3}(?:\n|\r|$)"
    forms = (
        (_INTRODUCTION, rf"{start}(?i:{_INTRODUCTION})[ ]?[:,]?[ ](?P<value>{_INITIALS_NAME})", name_length, 0.95),
        (_TITLE, rf"{start}(?:{_TITLE})\.?[ ](?:(?:Dr|Prof|med|h\.c)\.[ ]){{0,3}}(?P<value>{_INITIALS_NAME})", name_length, 0.8),
        (_SALUTATION, rf"{start}(?:{_SALUTATION})[ ](?P<value>{NAME})[,:\n]", name_length, 0.75),
        (_ROLE, rf"{start}(?i:{_ROLE})[ ]?[:：][ \t]{{0,4}}(?P<value>{_INITIALS_NAME})", name_length, 0.85),
        (_PLAIN, rf"(?:^|\n)[ \t]{{0,8}}(?:{_PLAIN})[ ]?:[ \t]{{1,8}}(?P<value>{NAME})", _two_words, 0.6),
        (_CLOSING, rf"{start}(?i:{_CLOSING})[,.!]?[ ]{{0,2}}\r?\n\s{{0,6}}(?P<value>{_INITIALS_NAME}){end}", name_length, 0.8),
        (_TRAILER, rf"(?i:{_TRAILER}):[ ]{{1,5}}(?P<value>{NAME})[ ]<", name_length, 0.8),
        (_CHINESE, rf"(?:{_CHINESE})[ ]?(?P<value>[{_HAN_SURNAMES}][一-龥]{{1,2}})(?:[，。,.！!；;、\s]|$)", len, 0.85),
        (_JAPANESE, rf"(?:{_JAPANESE})[ ]?(?P<value>[一-龥ぁ-んァ-ヶー]{{2,10}}?)(?:です|と|。|、|様|\s|$)", len, 0.85),
        (_KOREAN, rf"(?:{_KOREAN})[ ]?(?P<value>[가-힣]{{2,4}}?)(?:입니다|이고|이라고|이에요|예요|\s|$)", len, 0.85),
    )  # fmt: skip
    return [_row(lead, pattern, check, score) for lead, pattern, check, score in forms]


def _row(lead: str, pattern: str, check: Check, score: float) -> Recogniser:
    return Recogniser(
        rule="pii.name",
        title="name of a person",
        pattern=pattern,
        check=check,
        score=score,
        stands_alone=False,
        lead=lead,
    )
