"""What everybody would try who guesses passwords of twelve characters and more, and zxcvbn takes for good.

Its words are English ones of some years ago: it knows single words and names, but no titles, songs and prayers, and
not what "password" is called in the portal's other languages. Letters only, small, without signs and digits.
"""

from __future__ import annotations

_WRITTEN = """
    correcthorsebatterystaple purplemonkeydishwasher thequickbrownfox thequickbrownfoxjumps
    thequickbrownfoxjumpsoverthelazydog tobeornottobe tobeornottobethatisthequestion onceuponatime
    thisisapassword thisismypassword thisisnotapassword thisisasecret mypasswordispassword passwordispassword
    ihatepasswords ihatemypassword thepasswordispassword whatismypassword
    enteryourpassword changethispassword opensesame openthedoor
    iloveyousomuch ilovemykids ilovemydog ilovemycat ilovemymom
    imissyousomuch bestfriendsforever livelaughlove loveneverdies makelovenotwar neversaynever
    nevergiveup nopainnogain keepcalmandcarryon dontworrybehappy homesweethome trustnobody iamthebest iamnumberone
    theworldinyourhand theworldisyours helloworld goodmorning happybirthdaytoyou
    jesusismylord jesusislord jesusisking jesussaves praisethelord godisgood
    godislove godblessyou godisgoodallthetime
    maytheforcebewithyou iamyourfather lukeiamyourfather youshallnotpass winteriscoming valarmorghulis hakunamatata
    lordoftherings thelordoftherings gameofthrones spongebobsquarepants supercalifragilisticexpialidocious
    twinkletwinklelittlestar maryhadalittlelamb rosesarered iamironman iambatman
    nevergonnagiveyouup bohemianrhapsody stairwaytoheaven smellsliketeenspirit nothingelsematters
    wewillrockyou mychemicalromance avengedsevenfold insaneclownposse rageagainstthemachine sexonthebeach
    contraseña contrasena micontraseña lacontraseña tequieromucho teamomucho teamoparasiempre
    amordemivida miamorporsiempre siempreteamare diosesamor diosesgrande diosesfiel jesusteama jesusesamor
    virgendeguadalupe felizcumpleaños feliznavidad buenosdias hastalavista holamundo vivalavida
    motdepasse jetaime jetaimemonamour jetaimefort jetaimebeaucoup amourdemavie laviestbelle
    vivelafrance vivelequebec libertéégalitéfraternité liberteegalitefraternite ilétaitunefois iletaitunefois
    joyeuxnoel joyeuxanniversaire bonjourlemonde
    كلمةالسر كلمةالمرور كلمةسر بسمالله بسماللهالرحمنالرحيم الحمدلله سبحانالله اللهأكبر اللهاكبر لاإلهإلاالله لاالهالاالله
    محمدرسولالله السلامعليكم صباحالخير أحبك احبك أناأحبك انااحبك حبيبتي حبيبي
    allahuakbar alhamdulillah bismillah bismillahirrahmanirrahim subhanallah mashallah inshallah lailahaillallah
    bismillahalrahmanalrahim
"""
SAYINGS = frozenset(_WRITTEN.split())
