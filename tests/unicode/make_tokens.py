#!/usr/bin/env python3
"""Write tokens.jsonl beside this script: texts in many scripts and their wordpunct tokens by Python 3.11.

Every text is composed here. If NLTK is installed, its WordPunctTokenizer must agree.
"""
import json
import random
import re
import sys
from pathlib import Path

if sys.version_info[:2] != (3, 11):
    sys.exit('make_tokens.py: needs Python 3.11, whose Unicode 14 is the expected one')

try:
    from nltk.tokenize import WordPunctTokenizer
except ImportError:
    WordPunctTokenizer = None

LATIN = [
    'The baker counted twelve loaves, and then -- for luck -- a thirteenth.',
    "Don't ask; it's Mary's, isn't it? O'Neill'll know.",
    'Mr. J. R. Smith, Ph.D., paid $3,499.99 (incl. 7.5% tax) on 2021-04-01 at 09:30.',
    'HELLO World hElLo wORLD',
    'a', 'Z', '_', '.', '!', '0', 'a.', '.a', 'a_b', '__init__', '_a_', '- _ -',
    'one  two   three    four',
    'e-mail: someone@example.org; see example.org/path?x=1&y=2#top',
    'Crème brûlée à la façon de l’Élysée, s’il vous plaît !',
    'Où est passé l’œuf ? ŒUVRE, Œdipe, ÆSIR, ÐÆGI, ÞÓRR.',
    'Zwölf Boxkämpfer jagen Viktor quer über den großen Deich.',
    'STRASSE, Straße, STRAẞE, Maẞ, GROẞ; ẞ',
    'El pingüino Ñandú pidió: «¿Cuánto cuesta?» ¡Nada!',
    'Příliš ŽLUŤOUČKÝ kůň ÚPĚL ďábelské Ódy.',
    'Zażółć GĘŚLĄ jaźń, Łódź i ŹDŹBŁO.',
    'Ő, Ű, ő, ű: ÁRVÍZTŰRŐ tükörfúrógép',
    'Ștefan și Ţară, ȘCOALĂ, ŢĂRÂNĂ',
    'Smørrebrød på Ærø, ÅRHUS og ØRSTED',
    'Þetta er íslenskt: ÐAÐ, þAÐ, ÆÐI',
    'Tiếng Việt: ĐƯỜNG PHỐ, NGUYỄN, Ở ĐÂU?',
    'İSTANBUL, Istanbul, ıstanbul, istanbul, DİYARBAKIR, IĞDIR',
    'İ', 'Iİıi', 'İİİ', 'xİx', 'İ.', '.İ', 'İ̇', 'I\u0307', 'i\u0307',
    'Ǆungla ǅungla ǆungla, ǇUBAV ǈubav, ǊEGOV ǋegov, Ǳ ǲ ǳ',
    'ŉ is one letter; ǰ and ẖ too: ẖẗẘẙẚ',
    'ſtep, ſometimes, Ka\u212a, \u212b, \u2126',
    'ﬁnd the oﬃce, ﬂat, ﬆone, ﬅ',
    'na\u0131\u0308ve, nai\u0308ve, na\u00efve, NAI\u0308VE, NA\u00cfVE',
    'E\u0301cole, \u00c9cole, ECOLE\u0301',
    'Ꞌ ꞌ Ɬ Ɡ Ꭓ Ꜩ Ᵹ Ɐ Ꞷ',
    'Ⱥ Ⱦ ⱥ ⱦ Ɫ Ɽ',
    'ƎƏƐ Ɔ Ɓ Ɗ Ƙ ƴ Ŋ ŋ, ƝƐƐ',
    "Hawaiʻi, Oʻahu, ʻOkina, Ha'apai, Ka\u02bcu",
    'ʰʱʲ ˈstrɛs ˌsɛkənd ɑː tʰ',
    'Ａｌｌ ＦＵＬＬ ｗｉｄｔｈ，１２３！＿ｘ＿',
]

GREEK = [
    'Ο ΟΔΟΣ ΤΗΣ ΘΑΛΑΣΣΑΣ ΕΙΝΑΙ ΜΑΚΡΥΣ.',
    'Σίσυφος ΣΙΣΥΦΟΣ σίσυφος Σίσυφοσ',
    'ΣΣ ΣΣΣ Σ ΑΣ ΣΑ ΑΣΑ ΑΣΣ ΑΣΣΑ',
    'ΟΔΟΣ, ΟΔΟΣ. ΟΔΟΣ; ΟΔΟΣ· ΟΔΟΣ! ΟΔΟΣ; (ΟΔΟΣ) «ΟΔΟΣ» ΟΔΟΣ',
    "Σ' ΑΓΑΠΩ, Σ’ ΑΓΑΠΩ, ΑΠ'ΤΙΣ, Π.Σ. Σ.Π. Α.Σ.Α. Σ.Σ.",
    'ΆΝΘΡΩΠΟΣ ΈΝΑΣ ΉΛΙΟΣ ΊΔΙΟΣ ΌΛΟΣ ΎΠΝΟΣ ΏΜΟΣ ΪΣ ΫΣ',
    'ᾼΣ ᾈΣ Ὀδυσσεύς ὈΔΥΣΣΕΎΣ ῌΣ ῼΣ Ὦ ᾯΣ Ῥόδος',
    'ᾳΣ\u0345 Σ\u0345 Α\u0345Σ \u0345Σ Α\u0345Σ\u0345Α',
    'ϹΕΛΗΝΗ ϺΑΝ Ϸ ϴ ϒ ϓ ϔ ϗ Ϙ Ϛ Ϝ Ϟ Ϡ',
    '1Σ Σ1 1Σ1 Α1Σ Α_Σ Α_ΣΑ _Σ_ ΑΣ_ ΑΣ_Α ΑΣ1',
    'abcΣ ABCΣ abcΣdef ΣABC жΣ ЖΣЖ אΣ אΣא 中Σ 中ΑΣ ΑΣ中',
    'Σ\n ΑΣ\nΑΣ\tΑΣ\u00a0ΑΣ\u2003ΑΣ',
    'τῆσδε τῆς ΤΗ͂ΣΔΕ ΤΗ͂Σ',
    'ΜΆΪΟΣ ΜΑΪ́ΟΣ ΜΆΙΟΣ',
]

# Between two letters: ignored by the final-sigma rule, or ending the word, or a letter of some kind.
AROUND_SIGMA = [
    "'", '\u2019', ':', '.', '\u00b7', '\u2027', '\u2024', ',', ';', '-', ' ', '_', '^', '`', '\u00a8', '\u00af',
    '\u00b4', '\u00b8', '\u0301', '\u0308\u0301', '\u0345', '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060',
    '\ufeff',
    '\u02b0', '\u02bc', '\u037a', '\u0384', '\u0387', '\u0559', '\u05f4', '\u0640', '\u0903', '\u093c', '\u0e47',
    '\u0295', '\u0294', '\U0001171e', '\u2071', '\u00aa', '\u00b2', '\u24b6', '\u24d0', '\u2160', '\u2170', '\u01c5',
    '\U0001d400', '\U0001d4d0', '\U0001f3fb', '\U0001f600', '\ufe0f', '\ufe13', '\ufe55', '\uff07',
    '\uff0e', '\uff1a', '\U000e0041', '\U000e0100', '\U0001f130', '\u0130', '\u1e9e', '\u10a0', '\u10d0', '\u1c90',
    '\u13a0', '\uab70', '\U00010400', '\U0001e900', '\U0001e944', '\u3005', '\u3031', '\ua67f', '\ua78a', '\u0000',
    '\u001c', '\u0085', '\u2028', '\ue000', '\u0378', '\ufffe', '\U0010ffff', "'.:\u0301\u00ad", "''A", '.1.',
]

SCRIPTS = [
    'Быстрая ЛИСА прыгнула через «ленивую» собаку — и УБЕЖАЛА…',
    'Ёлка, ЁЖИК, Їжак, ҐАНОК, ЎСЁ, ЂУРЂЕВ, Џеп, ЉУБАВ, ЊЕГОВ',
    'и\u0306 й И\u0306 Й ѢСТЬ Ѳома Ѵ Ѹ Ꙋ Ӏ ӏ Ԓ ҚАЗАҚ Ӓ',
    'Մեր ՏՈՒՆԸ մեծ է։ ԵՒ և ԵՎ, այո՛, ինչո՞ւ։',
    'საქართველო ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ Ⴑⴀⴕⴀⴐⴇⴅⴄⴊⴍ ႠႡႢ ⴀⴁⴂ',
    'ᏣᎳᎩ ꮳꮃꭹ Ꮳꮃꭹ ᏸ ᏹ Ᏽ ᏽ',
    '𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐐀𐐁𐐂 𐐨𐐩𐐪 x𐐀y', '𐒰𐒱 𐓘𐓙 𐓐', '𐲀𐲁 𐳀𐳁', '𑢠𑢡 𑣀𑣁', '𖹀𖹁 𖹠𖹡', '𐕰𐕱 𐖗𐖘',
    '𞤀𞤁𞤂 𞤢𞤣𞤤 𞤆𞤵𞤤𞤢𞤪 𞥐𞥑𞥒 𞤀𞥄𞤁',
    'Ⲁⲗⲫⲁ ⲀⲖⲪⲀ Ϣⲁⲓ Ⲋ', 'ⰀⰁⰂ ⰰⰱⰲ Ⱟ ⱟ',
    'ذهب الولدُ إلى المدرسةِ، ثمَّ عادَ؟ ١٢٣٫٤٥',
    'كتـــاب، مُحَمَّد، اَلسَّلامُ ﷺ ﷽ ۝۞ ﻻ ﺍ',
    'می‌خواهم کتاب‌ها را بخوانم؛ ۱۲۳۴ نفر',
    'اردو میں لکھا ہوا ایک جملہ۔ ٹھیک ہے؟',
    'שָׁלוֹם עוֹלָם! מה־נשמע? צה״ל, ג׳ורג׳, ״ציטוט״',
    'ייִדיש װײַס ױ', 'ܫܠܡܐ ܥܠܡܐ܀', 'ދިވެހި ބަސް', 'ߒߞߏ ߊߌ ߀߁߂',
    'हिन्दी में एक छोटा वाक्य लिखा गया। क्या यह ठीक है? १२३॥',
    'क्‍ष क्‌ष क्ष ज़ फ़ ॐ नमः', 'संस्कृतम् ऽ अं अः',
    'বাংলা ভাষায় লেখা একটি বাক্য। ৳৫০০, ১২৩৪, ক্ষ, ৎ, ড়',
    'ਪੰਜਾਬੀ ਵਿੱਚ ਵਾਕ ੴ', 'ગુજરાતી વાક્ય ૧૨૩', 'ଓଡ଼ିଆ ବାକ୍ୟ ୧୨୩', 'தமிழ் வாக்கியம் ௧௨௩ ௰ ௱ ௲',
    'తెలుగు వాక్యం ౧౨౩ ౸', 'ಕನ್ನಡ ವಾಕ್ಯ ೧೨೩', 'മലയാളം വാക്യം ൧൨൩ ൰ ൺ ൻ', 'සිංහල වාක්‍යය ෴ ෦෧',
    'ภาษาไทยเขียนติดกันไม่เว้นวรรค ๑๒๓ฯลฯ ๆ ฿๕๐', 'ພາສາລາວ ໑໒໓ ໆ', 'ភាសាខ្មែរ សរសេរជាប់គ្នា។ ១២៣ ៛៥០ ៰៱',
    'မြန်မာဘာသာ စကား။ ၁၂၃ ၊', 'བོད་སྐད་ཀྱི་ཚིག་གྲུབ་ཅིག །༡༢༣ ༪༫ ༼ ༽', 'ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌ ᠎ᠠ ᠐᠑᠒',
    'አማርኛ ዓረፍተ፡ነገር። ፩፪፫ ፲፻፼፤', 'ⵜⴰⵎⴰⵣⵉⵖⵜ ⵏ ⵓⵔⵉ', 'ꕙꔤ ꘋ ꘠꘡', 'ꦧꦱꦗꦮ ꧑꧒', 'ᮘᮞ ᮞᮥᮔ᮪ᮓ', 'ᬩᬲᬩᬮᬶ', 'ᜊᜌ᜔ᜊᜌᜒᜈ᜔',
    '今天天气很好，我们去公园散步吧！价格：三百五十元。', '壹贰叁〇 一二三 㐀㐁 𠀀𠀁 ⼀⼆ 々〆〇〡〢 ㊀㊁ ㈠ ㍻ ㎏',
    'カタカナ ｶﾀｶﾅ ひらがな・漢字「かぎ」、長音ー、々ゝヽ。', 'か\u3099き\u3099 が ぎ ハ\u309a パ ﾊﾟ ゛゜', '２０２１年４月１日（木）〜午前',
    '한국어 문장입니다. 띄어쓰기가 있다! 각\u1100\u1161\u11a8 ㄱㄴㄷ ﾡ', 'ㄅㄆㄇ ㆠ ꀀꀁ ꓐꓑ ꆈꌠꁱꂷ', '𗀀𗀁 𛀁𛀂 𚿰 𖿠',
    'ᚠᚢᚦᚨᚱᚲ ᛫ ᛮᛯᛰ', 'ᚁᚂᚃ\u1680ᚄᚅ ᚛ᚐ᚜', '𒀀𒁀 𒐀 𓀀𓁀 𐎠𐎡 𐤀𐤁 𐤖 𐌰𐌱 𐀀𐀁 𐄇𐄈 𐅀',
    'ᐃᓄᒃᑎᑐᑦ ᖃᓂᐅᔮᖅᐸᐃᑦ', '⠃⠗⠇ ⠼⠁', '𝄞♪♫♭', 'ꜰ ꟲ ꟳ ꟴ 𐞀 𐞁 ꭜ',
]

NUMBERS_AND_SIGNS = [
    '𝐀𝐁𝐂 𝑎𝑏𝑐 𝒜ℬ𝒞 𝔄𝔅ℭ 𝔸𝔹ℂ 𝖠𝖡 𝙰𝙱 𝚨𝚩 𝛀 𝟎𝟏𝟐 𝟘𝟙 𝟢𝟣 𝟬 𝟶', 'ℵ ℶ ℏ ℓ ℘ № ℡ ™ ℠ ℮ ⅀ ⅁ ⅅⅆⅇ ℂℍℕℙℚℝℤ',
    'ⒶⒷⒸ ⓐⓑⓒ ⒜⒝⒞ ①②③ ⑴⑵ ⒈⒉ ⓪ ⓿ ❶❷ ➀➁ 🄰🄱 🅐🅑 🅰🅱 🄐 🄀 🄁',
    'x² + y³ = z⁴, H₂O, CO₂, 10⁻⁹, aⁿ, bᵢ, cₙ, 1ª, 2º', '½ ¼ ¾ ⅓ ⅔ ⅛ ⅐ ↉ ⅟ 1½ ½x 1⁄2',
    'Ⅰ Ⅱ Ⅳ Ⅻ Ⅼ Ⅽ Ⅾ Ⅿ ⅰ ⅳ ⅿ ↀ ↁ ↂ Ↄ ↄ ↅ ↆ ↇ LⅣx',
    '∀x∈ℝ: ∃y≠0 ∧ x·y=1 ⇒ ∑ᵢ aᵢ ≤ ∫f(x)dx ± √2 × ∞', '€5 £6 ¥7 ₹8 ₩9 ¢ ¤ ₿ ₺ ﷼ 5€', '§1 ¶2 †‡ • ‰ ‱ ′ ″ ‴ ※ ⁂ ©®',
    '←↑→↓ ⇐ ⟵ ■□▲△ ★☆ ☀☁ ✓✗ ─│┌┐ ░▒▓ █▄',
]

EMOJI = [
    'Great job 👍👍🏽! See you 😀😃😄', '👨‍👩‍👧‍👦 family', 'a👩‍💻b',
    '🏳️‍🌈 🏴‍☠️ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f',
    '🇫🇷🇩🇪🇯🇵 x🇺🇳y', '❤️ ❤ ☺️ ☺ ✌🏿', '1️⃣2️⃣#️⃣*️⃣', '🧑🏻‍🤝‍🧑🏿', 'word😀word 😀_😀 😀1', '🫠🫡 \U0001fae8 \U0001fa77',
    '😀😀😀😀😀😀😀😀😀😀',
]

INVISIBLE = [
    'co\u00adoperate soft\u00ad\u00adhyphen \u00ad',
    'no\u00a0break narrow\u202fbreak word\u2060joiner zero\u200bwidth',
    'zw\u200dj zw\u200cnj \u200d \u200c a\u200d\u200db', 'mid\ufeffbom \ufeff start', '\ufeffBOM first',
    'ltr\u200ertl\u200f \u202aemb\u202c \u2066iso\u2069',
    'fs\x1cgs\x1drs\x1eus\x1fend', 'a\x1cb', '\x1c\x1d\x1e\x1f', 'a\x1bb', 'nel\u0085next \u0085',
    'line\u2028par\u2029end', 'a\u2028b',
    'nul\x00nul \x00 \x00\x00', 'bell\x07 back\x08 esc\x1b[31mred\x1b[0m del\x7f', 'c1 \x80\x81\x9f\x84\x86',
    'a\tb\nc\rd\x0be\x0cf', 'one\r\ntwo\r\n\r\nthree\n',
    ''.join(map(chr, range(0x20))), ''.join(map(chr, range(0x20, 0x80))), ''.join(map(chr, range(0x80, 0x100))),
    'a\u1680b\u2000c\u2001d\u2002e\u2003f\u2004g\u2005h\u2006i\u2007j\u2008k\u2009l\u200am\u202fn\u205fo\u3000p',
    'a\u180eb \u180e',
    'pua \ue000\ue001 x\uf8ffy \U000f0000 \U00100000z',
    'gap \u0378\u0379 a\u0378b \u05ff \U0001d455 \U000e0080 \U0002ffff',
    'non \ufdd0\ufdef \ufffe \uffff \U0001fffe a\U0010ffffb',
    'repl \ufffd a\ufffdb', 'tags \U000e0001\U000e0041', 'var\ufe00 \ufe0f \U000e0100x',
    '\u0301 \u0301a a\u0301 a\u0301\u0302\u0303b',
    'Z\u0351\u0310a\u0334l\u0335g\u0336o\u0337', 'a\u20ddb \u20e3 \u0488 \u0903 \u0300\u0300',
    '\u115f\u1160 \u3164 \uffa0', '\ufff9a\ufffab\ufffb', 'after 14: \U0001dff0 \U00011f02 \u0cf3 \ua7dc \U00031350',
    'newer letters: \u1c89 \u1c8a \ua7cb \ua7da \U00010d50 \U00010d70 \U00016ea0 \U0002ebf0',
]

CODE = [
    'fn main() { println!("{}", 1 + 2); }', 'def f(x, *args, **kw): return x ** 2 if x != 0 else None  # note',
    'for (int i=0;i<n;++i){a[i]+=b[i]<<2;}',
    'SELECT COUNT(*) FROM t WHERE a_b >= 10 AND c <> \'x\';', '<div class="a b" id=\'c\'>&nbsp;&amp;</div>',
    'let v: Vec<&\'a str> = s.split("::").collect();',
    '{"key": [1, 2.5e-3, null, true], "k\\u00e9y": "v\\n"}', '#include <stdio.h>\n#define MAX(a,b) ((a)>(b)?(a):(b))',
    '$HOME/.config/*.toml && echo "$?" || exit 1',
    'C:\\Users\\Me\\file.TXT', 'x=~/[^\\w\\s]+|\\d{2,}/gi', 'std::unordered_map<std::string, int> m{};',
    'λx. x → (x, x) ∷ List ⊢ ⊥', 'CamelCase snake_case SCREAMING_CASE kebab-case dunder__x__',
    'a->b.c[d]=*e&&!f', '0xFF 0b1010 1_000_000 1e10 .5 5. 1.2.3', '/* comment */ // another',
    '\\begin{equation} e^{i\\pi}+1=0 \\end{equation}', '@decorator\nasync def g(): await h()',
    '```rust\nuse a::b;\n```',
    '| a | b |\n|---|---|\n| 1 | 2 |', '~~~ --- === *** +++ ___', "'''triple''' \"\"\"quotes\"\"\" `tick`",
]

REPEATED = [
    '', ' ', '\n', '\t\t', '   \n\r\t\x0b\x0c  ', '\u3000', '\u00a0\u2003\u2028', '\x1f', '\u200b', '!' * 31,
    '!' * 32, '!' * 33, '-' * 64, '.' * 65, '=' * 200, '?!' * 40,
    'a' * 31, 'a' * 32, 'a' * 33, 'B' * 63, 'B' * 64, 'B' * 65, 'x' * 300, '_' * 70, 'é' * 33, 'É' * 64, '中' * 65,
    '😀' * 33, '𐐀' * 17, 'Σ' * 40, 'ΑΣ ' * 20, 'İ' * 20, '\u0301' * 40,
    ' ' * 63 + 'a', ' ' * 64 + 'a', 'a ' * 64, 'a.' * 64, '. ' * 40, ('a' * 15 + ' ') * 8, ('a' * 15 + '.') * 8,
    'a' * 62 + 'é' + 'b' * 10, 'a' * 63 + 'é!', 'a' * 63 + '\u00a0b', 'a' * 31 + '中文' + 'b',
    'A' + "'" * 40 + 'Σ', 'AΣ' + '\u0301' * 40, 'AΣ' + '\u0301' * 40 + 'A', 'AΣ' + '.' * 70 + 'A',
    'A' + '.' * 70 + 'Σ', '.' * 70 + 'Σ', 'Σ' + '.' * 70 + 'A',
]

# Start and end of ranges from which the random texts draw.
RANGES = [
    (0x0000, 0x007F), (0x0020, 0x007E), (0x0041, 0x005A), (0x0061, 0x007A), (0x0080, 0x00FF), (0x0100, 0x024F),
    (0x0250, 0x02FF), (0x0300, 0x036F), (0x0370, 0x03FF), (0x0391, 0x03A9), (0x0400, 0x052F), (0x0530, 0x058F),
    (0x0590, 0x05FF), (0x0600, 0x06FF), (0x0900, 0x097F), (0x0980, 0x09FF), (0x0E00, 0x0E7F), (0x0F00, 0x0FFF),
    (0x10A0, 0x10FF), (0x1200, 0x137F), (0x13A0, 0x13FF), (0x1680, 0x169F), (0x1780, 0x17FF), (0x1C80, 0x1CBF),
    (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20D0, 0x20FF),
    (0x2100, 0x218F), (0x2190, 0x22FF), (0x2460, 0x24FF), (0x2C00, 0x2DFF), (0x3000, 0x30FF), (0x3200, 0x33FF),
    (0x4E00, 0x9FFF), (0xA640, 0xA7FF), (0xAB30, 0xABBF), (0xAC00, 0xD7FF), (0xE000, 0xE0FF), (0xFB00, 0xFDFF),
    (0xFE00, 0xFEFF), (0xFF00, 0xFFFF), (0x10000, 0x103FF), (0x10400, 0x104FF), (0x10C80, 0x10CFF),
    (0x11700, 0x1173F),
    (0x118A0, 0x118FF), (0x16E40, 0x16E9F), (0x1D400, 0x1D7FF), (0x1E900, 0x1E95F), (0x1F100, 0x1F1FF),
    (0x1F300, 0x1F6FF),
    (0x20000, 0x200FF), (0xE0000, 0xE01FF), (0xF0000, 0xF00FF), (0x10FF00, 0x10FFFF),
]
COMMON = " '.:_-\u0301\u00ad\u200d\u00a0\u0085\u2028\x1c\u03a3\u03c3\u03c2\u0130\u1e9e"


def random_text(rng):
    """A few runs, each of characters from one range, with common and troublesome ones strewn in."""
    text = []
    for _ in range(rng.randrange(1, 7)):
        start, end = rng.choice(RANGES)
        for _ in range(rng.randrange(1, 9)):
            text.append(rng.choice(COMMON) if rng.random() < 0.3 else chr(rng.randrange(start, end + 1)))
        text.append(rng.choice(['', ' ', '\u03a3', 'A', 'A\u03a3']))
    return ''.join(text)


def texts():
    yield from LATIN
    yield from GREEK
    for s in AROUND_SIGMA:
        yield f'ΟΔΟΣ{s}ΣΑ Σ{s} {s}Σ Α{s}Σ Α{s}Σ{s}Α ΑΣ{s}'
    for group in [SCRIPTS, NUMBERS_AND_SIGNS, EMOJI, INVISIBLE, CODE, REPEATED]:
        yield from group
    rng = random.Random(1)
    for _ in range(240):
        yield random_text(rng)


def tokens(text):
    lower = text.lower()
    found = re.findall(r'\w+|[^\w\s]+', lower)
    if WordPunctTokenizer is not None:
        assert found == WordPunctTokenizer().tokenize(lower), text
    return found


with open(Path(__file__).parent / 'tokens.jsonl', 'w', newline='\n') as out:
    for text in texts():
        out.write(json.dumps({'text': text, 'tokens': tokens(text)}) + '\n')
