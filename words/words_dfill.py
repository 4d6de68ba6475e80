"""Words of dfill."""


def w(es, fr, ar):
    return {"es": es, "fr": fr, "ar": ar}


WORDS = {
    "Something to fill in or to sign": w("Algo para llenar o firmar", "Quelque chose à remplir ou à signer", "شيء للتعبئة أو للتوقيع"),
    ("%(num)s to do", "%(num)s to do"): w(
        ["%(num)s por hacer", "%(num)s por hacer", "%(num)s por hacer"], ["%(num)s à faire", "%(num)s à faire", "%(num)s à faire"],
        ["%(num)s للإنجاز", "%(num)s للإنجاز", "%(num)s للإنجاز", "%(num)s للإنجاز", "%(num)s للإنجاز", "%(num)s للإنجاز"]),
    "Nothing to do": w("Nada por hacer", "Rien à faire", "لا شيء للإنجاز"),
    "On the other device: %(answer)s": w("En el otro dispositivo: %(answer)s", "Sur l’autre appareil : %(answer)s", "على الجهاز الآخر: %(answer)s"),
    "Saved. You can go on whenever you like, also on another device.": w(
        "Guardado. Puede continuar cuando quiera, también en otro dispositivo.",
        "Enregistré. Vous pouvez continuer quand vous voulez, aussi sur un autre appareil.",
        "تم الحفظ. يمكنك المتابعة متى شئت، وعلى جهاز آخر أيضًا."),
    "There is more on this page because of what you answered.": w(
        "Hay más en esta página debido a lo que usted respondió.", "Il y a plus de questions sur cette page à cause de votre réponse.",
        "ظهر المزيد في هذه الصفحة بسبب ما أجبت به."),
    "Why do you not want to fill this in?": w("¿Por qué no quiere llenar esto?", "Pourquoi ne voulez-vous pas remplir ceci ?", "لماذا لا تريد تعبئة هذا؟"),
    "We have your answer. You need not fill this in.": w(
        "Tenemos su respuesta. No tiene que llenar esto.", "Nous avons votre réponse. Vous n’avez pas à remplir ceci.",
        "وصلتنا إجابتك. لا حاجة إلى تعبئة هذا."),
    "Change what was wrong, and send it again. What you sent before stays as it was.": w(
        "Cambie lo que estaba mal y envíelo de nuevo. Lo que envió antes se queda como estaba.",
        "Changez ce qui était faux et envoyez-le de nouveau. Ce que vous avez envoyé avant reste tel quel.",
        "غيّر ما كان خطأً وأرسله مرة أخرى. ما أرسلته من قبل يبقى كما كان."),
    "Sent. Thank you.": w("Enviado. Gracias.", "Envoyé. Merci.", "تم الإرسال. شكرًا لك."),
    "An answer was given on another device meanwhile. Look at all of it once more, then send it.": w(
        "Mientras tanto se dio una respuesta en otro dispositivo. Revise todo una vez más y luego envíelo.",
        "Une réponse a été donnée entre-temps sur un autre appareil. Relisez tout encore une fois, puis envoyez.",
        "أُعطيت إجابة على جهاز آخر في هذه الأثناء. راجع كل شيء مرة أخرى ثم أرسله."),
    "not yet": w("todavía no", "pas encore", "ليس بعد"),
    "begun: %(step)s of %(steps)s": w("empezado: %(step)s de %(steps)s", "commencé : %(step)s sur %(steps)s", "بدأ: %(step)s من %(steps)s"),
    "begun": w("empezado", "commencé", "قيد الملء"),
    "no longer needed": w("ya no hace falta", "n’est plus nécessaire", "لم يعد مطلوبًا"),
    ("was due yesterday", "was due %(num)s days ago"): w(
        ["venció ayer", "venció hace %(num)s de días", "venció hace %(num)s días"],
        ["était à rendre hier", "était à rendre il y a %(num)s de jours", "était à rendre il y a %(num)s jours"],
        ["كان موعده قبل %(num)s يوم", "كان موعده أمس", "كان موعده قبل يومين (%(num)s)", "كان موعده قبل %(num)s أيام", "كان موعده قبل %(num)s يومًا",
         "كان موعده قبل %(num)s يوم"]),
    "due today": w("para hoy", "à rendre aujourd’hui", "موعده اليوم"),
    "due tomorrow": w("para mañana", "à rendre demain", "موعده غدًا"),
    "due on %(day)s": w("para el %(day)s", "à rendre le %(day)s", "موعده %(day)s"),
    "from %(name)s": w("de %(name)s", "de la part de %(name)s", "من %(name)s"),
    "from our team": w("de nuestro equipo", "de notre équipe", "من فريقنا"),
    ("takes about a minute", "takes about %(num)s minutes"): w(
        ["tarda más o menos un minuto", "tarda más o menos %(num)s de minutos", "tarda más o menos %(num)s minutos"],
        ["prend environ une minute", "prend environ %(num)s de minutes", "prend environ %(num)s minutes"],
        ["يستغرق نحو %(num)s دقيقة", "يستغرق نحو دقيقة", "يستغرق نحو دقيقتين (%(num)s)", "يستغرق نحو %(num)s دقائق", "يستغرق نحو %(num)s دقيقة",
         "يستغرق نحو %(num)s دقيقة"]),
    "A pencil": w("Un lápiz", "Un crayon", "قلم رصاص"),
    "A tick": w("Una marca de visto", "Une coche", "علامة صح"),
    "Your drawing could not be read. Draw your signature again.": w(
        "No se pudo leer su dibujo. Dibuje su firma otra vez.", "Votre dessin n’a pas pu être lu. Dessinez de nouveau votre signature.",
        "تعذّرت قراءة رسمك. ارسم توقيعك مرة أخرى."),
    "This is too little for a signature. Draw your whole name.": w(
        "Esto es muy poco para una firma. Dibuje su nombre completo.", "C’est trop peu pour une signature. Dessinez votre nom en entier.",
        "هذا قليل جدًا لتوقيع. ارسم اسمك كاملًا."),
    "Something else of this list comes first.": w("Antes hay otra cosa de esta lista.", "Autre chose de cette liste vient d’abord.", "هناك شيء آخر في هذه القائمة يأتي أولًا."),
    "There can be at most %(most)s.": w("Puede haber como máximo %(most)s.", "Il peut y en avoir au plus %(most)s.", "يمكن أن يكون هناك %(most)s على الأكثر."),
    "At least %(least)s must stay.": w("Debe quedar al menos %(least)s.", "Il doit en rester au moins %(least)s.", "يجب أن يبقى %(least)s على الأقل."),
    "Clients fill in forms and read letters": w("Los clientes llenan formularios y leen cartas", "Les clients remplissent des formulaires et lisent des lettres",
                                                "العملاء يعبّئون النماذج ويقرؤون الرسائل"),
    "Without it Things to Do and its pages are gone.": w("Sin esto desaparecen «Cosas por hacer» y sus páginas.", "Sans cela, « À faire » et ses pages disparaissent.",
                                                        "بدون ذلك تختفي «المطلوب منك» وصفحاتها."),
    "Things to Do": w("Cosas por hacer", "À faire", "المطلوب منك"),
    "Things to Do holds what we need from you: forms to fill in, and letters to read and sign. What is overdue stands first.": w(
        "En «Cosas por hacer» está lo que necesitamos de usted: formularios para llenar y cartas para leer y firmar. Lo atrasado va primero.",
        "« À faire » contient ce dont nous avons besoin de vous : des formulaires à remplir, des lettres à lire et à signer. Ce qui est en retard vient d’abord.",
        "تجد في «المطلوب منك» ما نحتاجه منك: نماذج للتعبئة ورسائل للقراءة والتوقيع. ما فات موعده يأتي أولًا."),
    "Filling something in": w("Llenar algo", "Remplir quelque chose", "تعبئة شيء"),
    "Each answer is saved as soon as you leave its field. You can stop at any time and go on later, on this phone or on another device.": w(
        "Cada respuesta se guarda en cuanto usted sale de su campo. Puede parar en cualquier momento y continuar después, en este teléfono o en otro dispositivo.",
        "Chaque réponse est enregistrée dès que vous quittez son champ. Vous pouvez arrêter à tout moment et continuer plus tard, sur ce téléphone ou sur un autre appareil.",
        "تُحفظ كل إجابة فور مغادرتك حقلها. يمكنك التوقف في أي وقت والمتابعة لاحقًا على هذا الهاتف أو على جهاز آخر."),
    "Sending it": w("Enviarlo", "L’envoyer", "إرسالها"),
    "At the end you see all your answers, and can change each of them. After you have sent them they stay as they are.": w(
        "Al final ve todas sus respuestas y puede cambiar cada una. Después de enviarlas se quedan como están.",
        "À la fin, vous voyez toutes vos réponses et pouvez changer chacune. Une fois envoyées, elles restent telles quelles.",
        "في النهاية ترى جميع إجاباتك ويمكنك تغيير أي منها. بعد إرسالها تبقى كما هي."),
    "Finding it again": w("Encontrarlo de nuevo", "Le retrouver", "العثور عليها مجددًا"),
    "What you have sent stays under “Done”: you can read and print it, and keep it as a PDF. Was something wrong? Press “Correct this” and send it once more.": w(
        "Lo que envió se queda en «Hecho»: puede leerlo, imprimirlo y guardarlo como PDF. ¿Algo estaba mal? Pulse «Corregir esto» y envíelo otra vez.",
        "Ce que vous avez envoyé reste sous « Terminé » : vous pouvez le lire, l’imprimer et le garder en PDF. Quelque chose était faux ? Appuyez sur « Corriger ceci » et envoyez-le encore une fois.",
        "ما أرسلته يبقى تحت «تم»: يمكنك قراءته وطباعته والاحتفاظ به بصيغة PDF. هل كان هناك خطأ؟ اضغط «تصحيح هذا» وأرسله مرة أخرى."),
    "still to be answered": w("falta responder", "reste à répondre", "لم تتم الإجابة بعد"),
    "Change: %(what)s": w("Cambiar: %(what)s", "Changer : %(what)s", "تغيير: %(what)s"),
    "Change": w("Cambiar", "Changer", "تغيير"),
    "%(step)s of %(steps)s": w("%(step)s de %(steps)s", "%(step)s sur %(steps)s", "%(step)s من %(steps)s"),
    "Our team reads your reason. After this it can no longer be filled in.": w(
        "Nuestro equipo lee su motivo. Después ya no se puede llenar.", "Notre équipe lit votre raison. Ensuite, cela ne peut plus être rempli.",
        "يقرأ فريقنا سببك. بعد ذلك لا يمكن التعبئة."),
    "Do not fill this in": w("No llenar esto", "Ne pas remplir ceci", "عدم تعبئة هذا"),
    "What we need from you appears here: forms to fill in, letters to read and sign.": w(
        "Aquí aparece lo que necesitamos de usted: formularios para llenar, cartas para leer y firmar.",
        "Ce dont nous avons besoin de vous apparaît ici : formulaires à remplir, lettres à lire et à signer.",
        "يظهر هنا ما نحتاجه منك: نماذج للتعبئة ورسائل للقراءة والتوقيع."),
    "Save and go on later": w("Guardar y continuar después", "Enregistrer et continuer plus tard", "الحفظ والمتابعة لاحقًا"),
    "Download as PDF": w("Descargar como PDF", "Télécharger en PDF", "التنزيل بصيغة PDF"),
    "sent on %(when)s": w("enviado el %(when)s", "envoyé le %(when)s", "أُرسل في %(when)s"),
    "What you sent before this correction": w("Lo que envió antes de esta corrección", "Ce que vous avez envoyé avant cette correction", "ما أرسلته قبل هذا التصحيح"),
    "There is a correction of this.": w("Hay una corrección de esto.", "Il y a une correction de ceci.", "يوجد تصحيح لهذا."),
    "Show it": w("Mostrarla", "L’afficher", "عرضه"),
    "Signed": w("Firmado", "Signé", "موقّع"),
    "drawn": w("dibujada", "dessinée", "مرسوم"),
    "typed": w("escrita", "tapée", "مكتوب"),
    "The PDF is being made. Until then you can print the page.": w(
        "El PDF se está preparando. Mientras tanto puede imprimir la página.", "Le PDF est en préparation. En attendant, vous pouvez imprimer la page.",
        "يجري إعداد ملف PDF. حتى ذلك الحين يمكنك طباعة الصفحة."),
    "Page to print": w("Página para imprimir", "Page à imprimer", "صفحة للطباعة"),
    "Correct this": w("Corregir esto", "Corriger ceci", "تصحيح هذا"),
    ("One question is still to be answered.", "%(num)s questions are still to be answered."): w(
        ["Falta responder una pregunta.", "Faltan por responder %(num)s de preguntas.", "Faltan por responder %(num)s preguntas."],
        ["Il reste une question sans réponse.", "Il reste %(num)s de questions sans réponse.", "Il reste %(num)s questions sans réponse."],
        ["بقي %(num)s سؤال بلا إجابة.", "بقي سؤال واحد بلا إجابة.", "بقي سؤالان (%(num)s) بلا إجابة.", "بقيت %(num)s أسئلة بلا إجابة.",
         "بقي %(num)s سؤالًا بلا إجابة.", "بقي %(num)s سؤال بلا إجابة."]),
    "Look at your answers. You can still change them; after you have sent them they stay as they are.": w(
        "Revise sus respuestas. Todavía puede cambiarlas; después de enviarlas se quedan como están.",
        "Relisez vos réponses. Vous pouvez encore les changer ; une fois envoyées, elles restent telles quelles.",
        "راجع إجاباتك. ما زال بإمكانك تغييرها؛ وبعد إرسالها تبقى كما هي."),
    "Answer what is missing": w("Responder lo que falta", "Répondre à ce qui manque", "الإجابة عمّا ينقص"),
    "Draw your signature in the box, with a finger, a pen or the mouse.": w(
        "Dibuje su firma en el recuadro, con un dedo, un lápiz o el ratón.", "Dessinez votre signature dans le cadre, avec un doigt, un stylet ou la souris.",
        "ارسم توقيعك في المربع بالإصبع أو القلم أو الفأرة."),
    "Your signature": w("Su firma", "Votre signature", "توقيعك"),
    "Clear the box": w("Borrar el recuadro", "Effacer le cadre", "مسح المربع"),
    "This browser cannot draw. Type your name instead, or call us.": w(
        "Este navegador no puede dibujar. Escriba su nombre o llámenos.", "Ce navigateur ne peut pas dessiner. Tapez votre nom, ou appelez-nous.",
        "لا يمكن الرسم في هذا المتصفح. اكتب اسمك بدلًا من ذلك أو اتصل بنا."),
    "Sign and send": w("Firmar y enviar", "Signer et envoyer", "التوقيع والإرسال"),
    "I do not want to fill this in": w("No quiero llenar esto", "Je ne veux pas remplir ceci", "لا أريد تعبئة هذا"),
    "I do not want to sign this": w("No quiero firmar esto", "Je ne veux pas signer ceci", "لا أريد التوقيع على هذا"),
    "Show what comes first": w("Mostrar lo que va primero", "Afficher ce qui vient d’abord", "عرض ما يأتي أولًا"),
    "Your answers are saved as you go. You can stop and go on later, also on another device.": w(
        "Sus respuestas se guardan mientras avanza. Puede parar y continuar después, también en otro dispositivo.",
        "Vos réponses sont enregistrées au fur et à mesure. Vous pouvez arrêter et continuer plus tard, aussi sur un autre appareil.",
        "تُحفظ إجاباتك أثناء التقدم. يمكنك التوقف والمتابعة لاحقًا، وعلى جهاز آخر أيضًا."),
}
