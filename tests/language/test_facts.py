"""Which facts are read from what people say, and which sentences say none."""

import pytest

from reverie.language.attributes import Attributes
from reverie.language.facts import kind_of, read_fact, read_facts


def read(text, **more):
    """What is read: who, what, value; and "over" first where it is no longer so."""
    return [(("over", *one.fact) if one.ends else tuple(one.fact)) for one in read_facts(text, **more)]


SAID = {
    # cases of the users
    "I moved to Paris": [("user", "city", "Paris")],
    "Ana moved to Paris": [("Ana", "city", "Paris")],
    "Actually, Ana's city is Berlin now.": [("Ana", "city", "Berlin")],
    "Ana does not live in Oslo any more": [("over", "Ana", "city", "Oslo")],
    "Ana doesn't live in Oslo anymore.": [("over", "Ana", "city", "Oslo")],
    "Ana lives in Oslo": [("Ana", "city", "Oslo")],
    "Ana's site is https://x.org/?a=b.": [("Ana", "site", "https://x.org/?a=b")],
    "Ana's favourite band is The Who.": [("Ana", "favourite band", "The Who")],
    "Ana's  city\u00a0is\u200b Orle\u0301ans.": [("Ana", "city", "Orléans")],
    "ANA'S CITY IS OSLO.": [("ANA", "city", "OSLO")],
    "ana's city is oslo": [("ana", "city", "oslo")],
    "i moved to paris": [("user", "city", "paris")],
    "ANA LIVES IN OSLO": [("ANA", "city", "OSLO")],
    "Ana's doctor is Dr. Meier.": [("Ana", "doctor", "Dr. Meier")],
    "Ana's mail is ana.b@x.org.": [("Ana", "email", "ana.b@x.org")],
    "Ana's height is 1.75 m.": [("Ana", "height", "1.75 m")],
    "Ana lives in Oslo, where she works for a bank.": [("Ana", "city", "Oslo")],
    "Ana's city is Oslo, where she works.": [("Ana", "city", "Oslo")],
    "The user's city is Rome.": [("user", "city", "Rome")],
    "User's city is Oslo.": [("user", "city", "Oslo")],
    "My city is Oslo.": [("user", "city", "Oslo")],
    "Ana's city is now Oslo.": [("Ana", "city", "Oslo")],
    "Ana's city is no longer Oslo.": [("over", "Ana", "city", "Oslo")],
    "I love Chinese food": [("user", "likes", "Chinese food")],
    "I hate Chinese food": [("user", "dislikes", "Chinese food")],
    "Ana's hobby is chess.": [("Ana", "hobby", "chess")],
    # verbs of change
    "Hey Mel! I moved to Paris last month. It's great, and I work at IBM.": [
        ("user", "city", "Paris"),
        ("user", "employer", "IBM"),
    ],
    "We just moved from Oslo to New York City!": [("user", "city", "New York City")],
    "I work as a nurse.": [("user", "job", "nurse")],
    "I'm a software engineer at Google.": [("user", "job", "software engineer")],
    "I quit my job.": [("over", "user", "employer", "")],
    "I no longer work for Shell.": [("over", "user", "employer", "Shell")],
    "My name is Ana and I live in Oslo.": [("user", "name", "Ana"), ("user", "city", "Oslo")],
    "My dog is called Rex.": [("user", "dog", "Rex")],
    "My mom's name is Anna.": [("user", "mother", "Anna")],
    "I have a little dog named Rex.": [("user", "dog", "Rex")],
    "I have two kids.": [("user", "family", "two kids")],
    "Ana married Ben.": [("Ana", "spouse", "Ben")],
    "We got married last year!": [("user", "marital status", "married")],
    "I stopped smoking.": [("over", "user", "activity", "smoking")],
    "I started playing the violin in March.": [("user", "activity", "playing the violin")],
    "I don't like tea any more.": [("over", "user", "likes", "tea")],
    "I'm allergic to nuts and shellfish.": [("user", "allergy", "nuts"), ("user", "allergy", "shellfish")],
    "I speak Norwegian and French.": [("user", "language", "Norwegian"), ("user", "language", "French")],
    "My sister lives in Rome.": [("user's sister", "city", "Rome")],
    "My sister Eva lives in Rome.": [("Eva", "city", "Rome")],
    "Ana's sister lives in Rome.": [("Ana's sister", "city", "Rome")],
    "Pizza is my favorite food.": [("user", "favourite food", "Pizza")],
    "The capital of France is Paris": [("France", "capital", "Paris")],
    "From 1 July 2027 Ana's city is Oslo.": [("Ana", "city", "Oslo")],
    "Caroline: I moved to Paris": [("Caroline", "city", "Paris")],
    "User: I moved to Paris": [("user", "city", "Paris")],
    "As a writer, I need peace.": [("user", "job", "writer")],
    "I just joined a chess club.": [("user", "activity", "chess club")],
    "That is why I love basketball.": [("user", "likes", "basketball")],
    "I'm not really into hiking.": [("user", "dislikes", "hiking")],
    "Max is my mother's cat, I took him.": [("user's mother", "cat", "Max")],
    "I started a new job as a Financial Analyst last week.": [("user", "job", "Financial Analyst")],
    # other languages
    "Ich bin letzten Monat nach Paris gezogen.": [("user", "city", "Paris")],
    "Ich wohne in Berlin.": [("user", "city", "Berlin")],
    "Ich wohne nicht mehr in Berlin.": [("over", "user", "city", "Berlin")],
    "Jetzt wohne ich in Köln.": [("user", "city", "Köln")],
    "Anna ist nach Wien gezogen.": [("Anna", "city", "Wien")],
    "Annas Stadt ist Rom.": [("Anna", "city", "Rom")],
    "Die Stadt von Anna ist jetzt Rom.": [("Anna", "city", "Rom")],
    "Annas Stadt ist nicht mehr Rom.": [("over", "Anna", "city", "Rom")],
    "Meine Lieblingsfarbe ist Blau.": [("user", "favourite colour", "Blau")],
    "Ich heiße Anna.": [("user", "name", "Anna")],
    "Mein Hund heißt Rex.": [("user", "dog", "Rex")],
    "Annas Hund heißt Rex.": [("Anna", "dog", "Rex")],
    "Ich arbeite bei Siemens.": [("user", "employer", "Siemens")],
    "Ich arbeite als Lehrer.": [("user", "job", "Lehrer")],
    "Ich bin Lehrerin.": [("user", "job", "Lehrerin")],
    "Ich liebe chinesisches Essen.": [("user", "likes", "chinesisches Essen")],
    "Ich hasse chinesisches Essen.": [("user", "dislikes", "chinesisches Essen")],
    "Ich mag kein chinesisches Essen mehr.": [("over", "user", "likes", "chinesisches Essen")],
    "Ich mag Spinat nicht.": [("user", "dislikes", "Spinat")],
    "Ich habe einen Hund namens Rex.": [("user", "dog", "Rex")],
    "Anna hat Ben geheiratet.": [("Anna", "spouse", "Ben")],
    "Ich habe mit dem Rauchen aufgehört.": [("over", "user", "activity", "Rauchen")],
    "Ich habe angefangen, Geige zu spielen.": [("user", "activity", "Geige zu spielen")],
    "Ich spreche Deutsch und Französisch.": [("user", "language", "Deutsch"), ("user", "language", "Französisch")],
    "Ich bin allergisch gegen Nüsse.": [("user", "allergy", "Nüsse")],
    "Meine Schwester wohnt in Rom.": [("user's sister", "city", "Rom")],
    "Hans Müller ist Lehrer.": [("Hans Müller", "job", "Lehrer")],
    "J'ai déménagé à Paris.": [("user", "city", "Paris")],
    "J'habite à Lyon.": [("user", "city", "Lyon")],
    "Je n'habite plus à Oslo.": [("over", "user", "city", "Oslo")],
    "Ana habite à Paris.": [("Ana", "city", "Paris")],
    "Ana a déménagé à Berlin.": [("Ana", "city", "Berlin")],
    "Ana n'habite plus à Oslo.": [("over", "Ana", "city", "Oslo")],
    "La ville d'Ana est Rome.": [("Ana", "city", "Rome")],
    "La ville d'Ana n'est plus Rome.": [("over", "Ana", "city", "Rome")],
    "Ma ville est Rome.": [("user", "city", "Rome")],
    "Je m'appelle Léa.": [("user", "name", "Léa")],
    "Mon chien s'appelle Rex.": [("user", "dog", "Rex")],
    "Je travaille chez Renault.": [("user", "employer", "Renault")],
    "Je travaille comme infirmière.": [("user", "job", "infirmière")],
    "Je suis infirmière.": [("user", "job", "infirmière")],
    "J'aime la cuisine chinoise.": [("user", "likes", "la cuisine chinoise")],
    "Je déteste la cuisine chinoise.": [("user", "dislikes", "la cuisine chinoise")],
    "Je n'aime plus la cuisine chinoise.": [("over", "user", "likes", "la cuisine chinoise")],
    "J'ai un chien qui s'appelle Rex.": [("user", "dog", "Rex")],
    "Ana a épousé Ben.": [("Ana", "spouse", "Ben")],
    "J'ai arrêté de fumer.": [("over", "user", "activity", "fumer")],
    "J'ai commencé le violon.": [("user", "activity", "le violon")],
    "Je parle français et anglais.": [("user", "language", "français"), ("user", "language", "anglais")],
    "Je suis allergique aux noix.": [("user", "allergy", "noix")],
    "Me mudé a París.": [("user", "city", "París")],
    "Vivo en Madrid.": [("user", "city", "Madrid")],
    "Ya no vivo en Oslo.": [("over", "user", "city", "Oslo")],
    "Ana vive en Sevilla.": [("Ana", "city", "Sevilla")],
    "Ana se mudó a Berlín.": [("Ana", "city", "Berlín")],
    "Ana ya no vive en Oslo.": [("over", "Ana", "city", "Oslo")],
    "La ciudad de Ana es Roma.": [("Ana", "city", "Roma")],
    "Mi ciudad es Roma.": [("user", "city", "Roma")],
    "Mi ciudad ya no es Roma.": [("over", "user", "city", "Roma")],
    "Me llamo Lucía.": [("user", "name", "Lucía")],
    "Mi perro se llama Rex.": [("user", "dog", "Rex")],
    "Trabajo en Telefónica.": [("user", "employer", "Telefónica")],
    "Trabajo como enfermera.": [("user", "job", "enfermera")],
    "Soy médico.": [("user", "job", "médico")],
    "Me gusta la comida china.": [("user", "likes", "la comida china")],
    "Odio la comida china.": [("user", "dislikes", "la comida china")],
    "Ya no me gusta la comida china.": [("over", "user", "likes", "la comida china")],
    "A Ana le gusta el té.": [("Ana", "likes", "el té")],
    "Tengo un perro que se llama Rex.": [("user", "dog", "Rex")],
    "Ana se casó con Ben.": [("Ana", "spouse", "Ben")],
    "Dejé de fumar.": [("over", "user", "activity", "fumar")],
    "Empecé a tocar el violín.": [("user", "activity", "tocar el violín")],
    "Hablo español y francés.": [("user", "language", "español"), ("user", "language", "francés")],
    "Soy alérgica a las nueces.": [("user", "allergy", "las nueces")],
    "我搬到了巴黎。": [("user", "city", "巴黎")],
    "我住在北京。": [("user", "city", "北京")],
    "我不再住在奥斯陆了。": [("over", "user", "city", "奥斯陆")],
    "我现在住在上海。": [("user", "city", "上海")],
    "安娜住在奥斯陆。": [("安娜", "city", "奥斯陆")],
    "安娜搬到了柏林。": [("安娜", "city", "柏林")],
    "安娜不再住在奥斯陆。": [("over", "安娜", "city", "奥斯陆")],
    "安娜的城市是罗马。": [("安娜", "city", "罗马")],
    "我的城市现在是罗马。": [("user", "city", "罗马")],
    "我的城市不再是罗马。": [("over", "user", "city", "罗马")],
    "我叫李雷。": [("user", "name", "李雷")],
    "我的狗叫旺财。": [("user", "dog", "旺财")],
    "我在谷歌工作。": [("user", "employer", "谷歌")],
    "我是老师。": [("user", "job", "老师")],
    "我喜欢中国菜。": [("user", "likes", "中国菜")],
    "我讨厌中国菜。": [("user", "dislikes", "中国菜")],
    "我不再喜欢中国菜。": [("over", "user", "likes", "中国菜")],
    "我有一只狗，叫旺财。": [("user", "dog", "旺财")],
    "安娜嫁给了本。": [("安娜", "spouse", "本")],
    "我开始学小提琴。": [("user", "activity", "学小提琴")],
    "我会说法语和德语。": [("user", "language", "法语"), ("user", "language", "德语")],
    "我对花生过敏。": [("user", "allergy", "花生")],
    "我妹妹住在罗马。": [("user's sister", "city", "罗马")],
}


@pytest.mark.parametrize("text", SAID)
def test_a_fact_is_read_as_it_is_said(text):
    assert read(text) == SAID[text]


NOTHING = """The weather's nice today is what I think.
Yesterday's meeting is cancelled
Today's lunch is pizza.
My car is broken.
My job is great.
My partner is pregnant!
My Unity game is finally finished.
My family is my motivation.
The rest of the day is free.
The best part of the trip is the food.
If I lived in Paris I would be happy.
When I was five, we moved to Chicago.
Do you live in Paris?
Maybe Ana lives in Oslo.
"I live in Paris" is what she said.
Ana told me she lives in Rome.
Ana says Ben lives in Rome.
She lives in Oslo.
Everyone lives in fear.
I live in the mountains.
I moved to a new house.
I work for fun.
I love you.
I love that!
I love how this looks.
I like watching them.
I'd love to see Rome.
Sounds like a great plan!
Looks like Buddy really is your sidekick.
Shibuya is like Times Square.
We went to Rome last week.
I'll enjoy writing them.
Ana's city is perhaps Rome.
It's city is Rome.
Let's see.
Ana's city will be Oslo.
Ana almost moved to Oslo.
I started doing this a few years back.
I got this new pup for you!
My car is the best.
I started writing down everything I needed.
After losing my job, I moved on.
We got a few fish and had a blast.
Das Wetter ist heute schön.
Das Treffen von gestern ist abgesagt.
Mein Auto ist kaputt.
Wenn ich in Rom wohne, bin ich froh.
Wohnst du in Rom?
Le temps est beau aujourd'hui.
Mon travail est difficile.
Hace buen tiempo hoy.
Mi trabajo es difícil.
今天天气很好。
昨天的会议取消了。
你住在北京吗？
听说安娜住在罗马。""".splitlines()


@pytest.mark.parametrize("text", NOTHING)
def test_what_says_no_fact_is_not_read_as_one(text):
    assert read(text) == []


def test_who_speaks_may_be_said():
    assert read("I moved to Paris", speaker="Ben") == [("Ben", "city", "Paris")]
    assert read("My dog is Rex", speaker="Ben") == [("Ben", "dog", "Rex")]
    assert read("My dog's vet is Dr. Ito", speaker="Ben") == [("Ben's dog", "vet", "Dr. Ito")]


def test_one_fact_of_one_sentence_is_whole():
    assert [one.whole for one in read_facts("Actually, I live in Oslo now.")] == [True]
    assert [one.whole for one in read_facts("I live in Oslo. My dog died.")] == [False]
    assert [one.whole for one in read_facts("I live in Oslo and my dog died.")] == [False]
    assert read_fact("I live in Oslo. My dog died.") is None
    assert read_fact("I no longer live in Oslo.") is None
    assert read_fact("I live in Oslo.") == ("user", "city", "Oslo")


@pytest.mark.parametrize(
    "text",
    ["", "...", "a" * 200_000, "Ana's " * 5000, "I live in " * 5000, "\n" * 5000, "的" * 5000, "A's b is " * 200],
)
def test_what_is_no_talk_is_read_quickly_and_says_nothing(text):
    assert read(text) == []


def test_the_list_of_attributes_is_the_users_to_change():
    known = Attributes({"shoe": {"names": ["shoes"], "several": True}, "job": {"several": True}})
    assert read("My shoes are Nike and Puma.", attributes=known) == [("user", "shoe", "Nike"), ("user", "shoe", "Puma")]
    assert known.of("JOB").several
    assert not Attributes().of("job").several


def test_kinds():
    assert kind_of("Ana's city is Rome.", fact=True) == "semantic"
    assert kind_of("To restart the server, run make serve.", fact=False) == "procedural"
    assert kind_of("Yesterday I met Ana.", fact=False) == "episodic"
