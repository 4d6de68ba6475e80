"""New English sentences of the branch dassign, with their translations."""


def _w(es, fr, ar):
    return {"es": es, "fr": fr, "ar": ar}


WORDS = {
    "Clients of this service": _w("Clientes de este servicio", "Clients de ce service", "متلقّو هذه الخدمة"),
    "Clients who are found by this": _w("Clientes que se encuentran con esto", "Clients trouvés avec ceci", "من يظهرون في هذا البحث"),
    "In this order: each opens when the one before is completed": _w(
        "En este orden: cada uno se abre cuando el anterior está completado", "Dans cet ordre : chacun s’ouvre quand le précédent est terminé",
        "بهذا الترتيب: يُفتح كلٌّ منها عند إكمال ما قبله"),
    "Document %(number)s": _w("Documento %(number)s", "Document n° %(number)s", "المستند %(number)s"),
    "Due within how many days?": _w("¿Dentro de cuántos días?", "Dans combien de jours ?", "خلال كم يوم؟"),
    "The record stays as it is.": _w("El expediente queda como está.", "Le dossier reste tel quel.", "يبقى السجل كما هو."),
    "The document is complete.": _w("El documento está completo.", "Le document est complet.", "المستند مكتمل."),
    ("%(done)s of one question answered", "%(done)s of %(num)s questions answered"): _w(
        ["%(done)s de %(num)s pregunta respondida", "%(done)s de %(num)s de preguntas respondidas", "%(done)s de %(num)s preguntas respondidas"],
        ["%(done)s question répondue sur %(num)s", "%(done)s questions répondues sur %(num)s de questions", "%(done)s questions répondues sur %(num)s"],
        ["أُجيب عن %(done)s من %(num)s سؤال", "أُجيب عن %(done)s من سؤال واحد", "أُجيب عن %(done)s من سؤالين", "أُجيب عن %(done)s من %(num)s أسئلة",
         "أُجيب عن %(done)s من %(num)s سؤالًا", "أُجيب عن %(done)s من %(num)s سؤال"]),
    "completed": _w("completado", "terminé", "مكتمل"),
    "begun": _w("empezado", "commencé", "قيد الملء"),
    "to do": _w("por hacer", "à faire", "مطلوب"),
    "after %(document)s": _w("después de %(document)s", "après %(document)s", "بعد %(document)s"),
    "due by %(date)s": _w("hasta el %(date)s", "avant le %(date)s", "مطلوب حتى %(date)s"),
    "on paper": _w("en papel", "sur papier", "على ورق"),
    "(not all is answered)": _w("(no todo está respondido)", "(tout n’est pas répondu)", "(لم تكتمل الإجابات)"),
    ("Assigned to one person.", "Assigned to %(num)s people."): _w(
        ["Asignado a una persona.", "Asignado a %(num)s de personas.", "Asignado a %(num)s personas."],
        ["Attribué à une personne.", "Attribué à %(num)s de personnes.", "Attribué à %(num)s personnes."],
        ["لم يُسند إلى أحد (%(num)s).", "أُسند إلى شخص واحد.", "أُسند إلى شخصين.", "أُسند إلى %(num)s أشخاص.", "أُسند إلى %(num)s شخصًا.",
         "أُسند إلى %(num)s شخص."]),
    "What is to be filled in?": _w("¿Qué hay que rellenar?", "Que faut-il remplir ?", "ما المطلوب ملؤه؟"),
    "By when?": _w("¿Hasta cuándo?", "Pour quand ?", "حتى متى؟"),
    "Why is it no longer needed?": _w("¿Por qué ya no hace falta?", "Pourquoi n’est-ce plus nécessaire ?", "لماذا لم يعد مطلوبًا؟"),
    "Documents": _w("Documentos", "Documents à remplir", "المستندات"),
    "Choose a document or a checklist.": _w("Elija un documento o una lista.", "Choisissez un document ou une liste.", "يُرجى اختيار مستند أو قائمة."),
    "Say in a few words why.": _w("Diga en pocas palabras por qué.", "Dites pourquoi en quelques mots.", "يُرجى ذكر السبب في كلمات قليلة."),
    "The document is withdrawn.": _w("El documento está retirado.", "Le document est retiré.", "سُحب المستند."),
    "Completed a document": _w("Completó un documento", "A rempli un document", "أُكمل مستند"),
    "Declined a document": _w("Rechazó un documento", "A refusé un document", "رُفض مستند"),
    "Checklist of documents added": _w("Lista de documentos añadida", "Liste de documents ajoutée", "أُضيفت قائمة مستندات"),
    "Checklist of documents changed": _w("Lista de documentos cambiada", "Liste de documents modifiée", "عُدّلت قائمة مستندات"),
    "Whether a checklist of documents is in use changed": _w(
        "Cambió si una lista de documentos está en uso", "L’utilisation d’une liste de documents a changé", "تغيّر استخدام قائمة مستندات"),
    "Answers to a document template downloaded": _w(
        "Respuestas a una plantilla de documento descargadas", "Réponses à un modèle de document téléchargées", "نُزّلت الإجابات عن قالب مستند"),
    "Document assigned": _w("Documento asignado", "Document attribué", "أُسند مستند"),
    "Document completed": _w("Documento completado", "Document terminé", "اكتمل مستند"),
    "Correction of a document begun": _w("Corrección de un documento empezada", "Correction d’un document commencée", "بدأ تصحيح مستند"),
    "Whether an answer is taken into the record decided": _w(
        "Decidido si una respuesta pasa al expediente", "Décision prise : reprendre ou non une réponse dans le dossier", "تقرّر نقل إجابة إلى السجل من عدمه"),
    "Document declined: %(reason)s": _w("Documento rechazado: %(reason)s", "Document refusé : %(reason)s", "رُفض مستند: %(reason)s"),
    "Document withdrawn: %(reason)s": _w("Documento retirado: %(reason)s", "Document retiré : %(reason)s", "سُحب مستند: %(reason)s"),
    "Documents for many": _w("Documentos para muchos", "Documents pour plusieurs", "مستندات لكثيرين"),
    "Each of them finds it in the portal and is told of it.": _w(
        "Cada uno lo encuentra en el portal y recibe un aviso.", "Chacun le trouve sur le portail et en est averti.", "يجده كلٌّ منهم في البوابة ويصله إشعار به."),
    "Something new to do": _w("Algo nuevo por hacer", "Quelque chose de nouveau à faire", "هناك أمر جديد مطلوب"),
    "Reminder: there is something to do": _w("Recordatorio: hay algo por hacer", "Rappel : il y a quelque chose à faire", "تذكير: هناك أمر مطلوب"),
    "Things to Do": _w("Cosas por hacer", "À faire", "المطلوب منك"),
    "Choose a day that is not over.": _w("Elija un día que no haya pasado.", "Choisissez un jour qui n’est pas passé.", "يُرجى اختيار يوم لم ينقضِ."),
    "Nothing on this checklist is in use.": _w("Nada de esta lista está en uso.", "Rien de cette liste n’est utilisé.", "لا شيء في هذه القائمة قيد الاستخدام."),
    "They have this to do already.": _w("Ya lo tiene por hacer.", "Cette personne l’a déjà à faire.", "هذا مطلوب من هذا الشخص بالفعل."),
    "Choose at least one document.": _w("Elija al menos un documento.", "Choisissez au moins un document.", "يُرجى اختيار مستند واحد على الأقل."),
    "A document can stand on a checklist once.": _w(
        "Un documento puede estar una vez en una lista.", "Un document ne peut figurer qu’une fois sur une liste.", "لا يرد المستند في القائمة إلا مرة واحدة."),
    "Somebody has decided this already.": _w("Alguien ya lo ha decidido.", "Quelqu’un en a déjà décidé.", "سبق أن اتُّخذ قرار بهذا."),
    "Completed": _w("Completado", "Terminé le", "وقت الإكمال"),
    "Version": _w("Versión", "Version n°", "الإصدار"),
    "Choose a service, or search for some clients.": _w(
        "Elija un servicio o busque algunos clientes.", "Choisissez un service ou cherchez des clients.", "يُرجى اختيار خدمة أو البحث عن أشخاص."),
    "Something in your portal waits for you. Please do it when you can.": _w(
        "Algo le espera en su portal. Por favor, hágalo cuando pueda.", "Quelque chose vous attend sur votre portail. Merci de le faire dès que possible.",
        "هناك أمر ينتظرك في بوابتك. يُرجى إنجازه متى أمكن."),
    "There is something for you to do": _w("Hay algo por hacer para usted", "Il y a quelque chose à faire pour vous", "هناك أمر مطلوب منك"),
    "We need something from you. It waits in your portal.": _w(
        "Necesitamos algo de usted. Le espera en su portal.", "Nous avons besoin de quelque chose de vous. Cela vous attend sur votre portail.",
        "نحتاج إلى شيء منك. ستجده في بوابتك."),
    "A reminder from your portal": _w("Un recordatorio de su portal", "Un rappel de votre portail", "تذكير من بوابتك"),
    "They have no portal account.": _w("No tiene cuenta en el portal.", "Cette personne n’a pas de compte sur le portail.", "ليس لهذا الشخص حساب في البوابة."),
    "Open the portal": _w("Abrir el portal", "Ouvrir le portail", "فتح البوابة"),
    "There is nothing to do any more.": _w("Ya no hay nada por hacer.", "Il n’y a plus rien à faire.", "لم يعد هناك شيء مطلوب."),
    "Choose one document, and no checklist.": _w("Elija un documento, no una lista.", "Choisissez un document, pas une liste.", "يُرجى اختيار مستند واحد لا قائمة."),
    "The client fills this in.": _w("Lo rellena el cliente.", "C’est le client qui remplit ce document.", "يملأ متلقّي الخدمة هذا المستند."),
    "Something else has to be done before this.": _w("Antes hay que hacer otra cosa.", "Autre chose doit être fait avant.", "يجب إنجاز أمر آخر قبل هذا."),
    "Something to do": _w("Algo por hacer", "Quelque chose à faire", "أمر مطلوب"),
    "Reminder of something to do": _w("Recordatorio de algo por hacer", "Rappel de quelque chose à faire", "تذكير بأمر مطلوب"),
    "What there is to do, and by when": _w("Lo que hay que hacer, y hasta cuándo", "Ce qu’il y a à faire, et pour quand", "ما هو مطلوب، وحتى متى"),
    "Tell clients that there is something to do": _w(
        "Avisar a los clientes de que hay algo por hacer", "Avertir les clients qu’il y a quelque chose à faire", "إبلاغ متلقّي الخدمة بأن هناك أمرًا مطلوبًا"),
    "An e-mail when a document is assigned.": _w(
        "Un correo cuando se asigna un documento.", "Un e-mail quand un document est attribué.", "رسالة بريد عند إسناد مستند."),
    "Reminder before something is due": _w("Recordatorio antes del plazo", "Rappel avant l’échéance", "تذكير قبل الموعد المحدد"),
    "days before": _w("días antes", "jours avant", "أيام قبله"),
    "0 means never.": _w("0 significa nunca.", "0 signifie jamais.", "0 تعني أبدًا."),
    "Reminder after something was due": _w("Recordatorio después del plazo", "Rappel après l’échéance", "تذكير بعد الموعد المحدد"),
    "days after": _w("días después", "jours après", "أيام بعده"),
    "When clients are told and reminded of what there is to do.": _w(
        "Cuándo se avisa y se recuerda a los clientes lo que hay que hacer.", "Quand les clients sont avertis et relancés de ce qu’il y a à faire.",
        "متى يُبلَّغ متلقّو الخدمة بما هو مطلوب ويُذكَّرون به."),
    "Assign a document to many": _w("Asignar un documento a muchos", "Attribuer un document à plusieurs", "إسناد مستند إلى كثيرين"),
    "You see first who would get it. Nothing is assigned before you say so.": _w(
        "Primero ve quién lo recibiría. Nada se asigna antes de que usted lo diga.", "Vous voyez d’abord qui le recevrait. Rien n’est attribué avant que vous le disiez.",
        "سترى أولًا من سيصله. لا يُسند شيء قبل تأكيدك."),
    "See who would get it": _w("Ver quién lo recibiría", "Voir qui le recevrait", "عرض من سيصله"),
    "You may leave this empty. Documents of a checklist have days of their own.": _w(
        "Puede dejarlo vacío. Los documentos de una lista tienen sus propios plazos.", "Vous pouvez laisser ceci vide. Les documents d’une liste ont leurs propres délais.",
        "يمكن ترك هذا فارغًا. لمستندات القائمة مواعيدها الخاصة."),
    ("One person would get it", "%(people)s people would get it"): _w(
        ["Una persona lo recibiría", "%(people)s de personas lo recibirían", "%(people)s personas lo recibirían"],
        ["Une personne le recevrait", "%(people)s de personnes le recevraient", "%(people)s personnes le recevraient"],
        ["لن يصل إلى أحد", "سيصل إلى شخص واحد", "سيصل إلى شخصين", "سيصل إلى %(people)s أشخاص", "سيصل إلى %(people)s شخصًا", "سيصل إلى %(people)s شخص"]),
    "Assign": _w("Asignar", "Attribuer", "إسناد"),
    "What was assigned to many clients at once.": _w(
        "Lo que se asignó a muchos clientes a la vez.", "Ce qui a été attribué à plusieurs clients à la fois.", "ما أُسند إلى كثيرين دفعة واحدة."),
    "Checklist": _w("Lista", "Liste", "قائمة"),
    "New checklist": _w("Lista nueva", "Nouvelle liste", "قائمة جديدة"),
    "Checklists": _w("Listas", "Listes", "القوائم"),
    "What was assigned already stays as it is.": _w("Lo que ya se asignó queda como está.", "Ce qui est déjà attribué reste tel quel.", "ما أُسند من قبل يبقى كما هو."),
    "More lines appear once these are saved.": _w("Aparecen más líneas cuando estas se guardan.", "D’autres lignes apparaissent une fois celles-ci enregistrées.", "تظهر أسطر أخرى بعد حفظ هذه."),
    "Take out of use": _w("Dejar de usar", "Ne plus utiliser", "إيقاف الاستخدام"),
    "Put into use": _w("Volver a usar", "Utiliser de nouveau", "إعادة الاستخدام"),
    "Document templates": _w("Plantillas de documentos", "Modèles de documents", "قوالب المستندات"),
    "Documents that are assigned together.": _w("Documentos que se asignan juntos.", "Documents attribués ensemble.", "مستندات تُسند معًا."),
    "one after the other": _w("uno tras otro", "l’un après l’autre", "واحدًا تلو الآخر"),
    "in any order": _w("en cualquier orden", "dans n’importe quel ordre", "بأي ترتيب"),
    "No checklists yet": _w("Todavía no hay listas", "Pas encore de listes", "لا قوائم بعد"),
    "Put documents together that you often assign at once.": _w(
        "Reúna los documentos que suele asignar a la vez.", "Réunissez les documents que vous attribuez souvent ensemble.", "جمّع المستندات التي تُسند عادةً معًا."),
    "Answered by staff": _w("Respondido por el personal", "Répondu par l’équipe", "ما يجيب عنه الفريق"),
    "Assign a document": _w("Asignar un documento", "Attribuer un document", "إسناد مستند"),
    "There is nothing to assign": _w("No hay nada que asignar", "Il n’y a rien à attribuer", "لا شيء يمكن إسناده"),
    "Document templates that are published and in use appear here.": _w(
        "Aquí aparecen las plantillas publicadas y en uso.", "Les modèles publiés et utilisés apparaissent ici.", "تظهر هنا القوالب المنشورة قيد الاستخدام."),
    "Nobody comes whom you may see.": _w("No viene nadie a quien pueda ver.", "Personne que vous puissiez voir ne vient.", "لا يحضر أحد ممن يمكنك رؤيتهم."),
    "To: %(names)s": _w("Para: %(names)s", "À : %(names)s", "إلى: %(names)s"),
    "Document": _w("Documento", "Document reçu", "مستند"),
    "This is not what was sent": _w("Esto no es lo que se envió", "Ce n’est pas ce qui a été envoyé", "هذا ليس ما أُرسل"),
    "The document differs from its fingerprint. Tell whoever runs this portal.": _w(
        "El documento no coincide con su huella. Avise a quien gestiona este portal.", "Le document ne correspond pas à son empreinte. Prévenez la personne qui gère ce portail.",
        "لا يطابق المستند بصمته. يُرجى إبلاغ من يدير هذه البوابة."),
    "Opens after": _w("Se abre después de", "S’ouvre après", "يُفتح بعد"),
    "Due": _w("Plazo", "Échéance", "الموعد"),
    "Assigned": _w("Asignado", "Attribué", "أُسند"),
    "Ended": _w("Terminado", "Fini", "انتهى"),
    "Reason": _w("Motivo", "Motif", "السبب"),
    "Enter the answers": _w("Introducir las respuestas", "Saisir les réponses", "إدخال الإجابات"),
    "Differs from the record": _w("Difiere del expediente", "Diffère du dossier", "يختلف عن السجل"),
    "Answered": _w("Respondido", "Répondu", "الإجابة"),
    "Leave the record": _w("Dejar el expediente", "Laisser le dossier", "إبقاء السجل"),
    "not taken into the record": _w("no pasado al expediente", "non repris dans le dossier", "لم يُنقل إلى السجل"),
    "Score": _w("Puntuación", "Résultat", "الدرجة"),
    "Value": _w("Valor", "Valeur", "القيمة"),
    "Band": _w("Nivel", "Niveau", "الفئة"),
    "%(score)s over time": _w("%(score)s a lo largo del tiempo", "%(score)s au fil du temps", "%(score)s عبر الزمن"),
    "Answers": _w("Respuestas", "Réponses", "الإجابات"),
    "Answer these": _w("Responder", "Répondre", "الإجابة عن هذه"),
    "Enter a paper document": _w("Introducir un documento en papel", "Saisir un document papier", "إدخال مستند ورقي"),
    "Type in what stands on the paper. “Save” keeps it and shows what is asked next.": _w(
        "Escriba lo que está en el papel. «Guardar» lo conserva y muestra lo que se pregunta después.",
        "Saisissez ce qui est écrit sur le papier. « Enregistrer » le garde et montre la suite des questions.", "يُرجى كتابة ما في الورقة. «حفظ» يحفظه ويعرض الأسئلة التالية."),
    "Scan of the paper": _w("Escaneo del papel", "Scan du papier", "صورة الورقة"),
    "Complete": _w("Completar", "Terminer", "إكمال"),
    "You type in what stands on the paper, and attach the scan. The client is told nothing.": _w(
        "Usted escribe lo que está en el papel y adjunta el escaneo. Al cliente no se le avisa.",
        "Vous saisissez ce qui est écrit sur le papier et joignez le scan. Le client n’est pas averti.", "يُكتب ما في الورقة وتُرفق صورتها. لا يُبلَّغ متلقّي الخدمة."),
    "Withdraw this document?": _w("¿Retirar este documento?", "Retirer ce document ?", "هل تريد سحب هذا المستند؟"),
    "They can no longer fill it in. What they answered so far stays here. This cannot be undone.": _w(
        "Ya no podrá rellenarlo. Lo respondido hasta ahora queda aquí. Esto no se puede deshacer.",
        "Cette personne ne pourra plus le remplir. Ce qui est déjà répondu reste ici. C’est définitif.", "لن يعد ملؤه ممكنًا. ما أُجيب عنه حتى الآن يبقى هنا. لا يمكن التراجع عن ذلك."),
    "No documents yet": _w("Todavía no hay documentos", "Pas encore de documents", "لا مستندات بعد"),
    "What you assign to this person appears here.": _w("Aquí aparece lo que asigna a esta persona.", "Ce que vous attribuez à cette personne apparaît ici.", "يظهر هنا ما يُسند إلى هذا الشخص."),
    "Assign a document to everybody who comes": _w(
        "Asignar un documento a todos los que vienen", "Attribuer un document à tous ceux qui viennent", "إسناد مستند إلى جميع من يحضرون"),
    "What they are to fill in, and what they filled in.": _w("Lo que tiene que rellenar y lo que ha rellenado.", "Ce qu’il faut remplir et ce qui est rempli.", "المطلوب ملؤه وما مُلئ."),
    "Assign a document to all who are found": _w("Asignar un documento a todos los encontrados", "Attribuer un document à toutes les personnes trouvées", "إسناد مستند إلى جميع من ظهروا"),
    "Assign a document to its clients": _w("Asignar un documento a sus clientes", "Attribuer un document à ses clients", "إسناد مستند إلى متلقّي الخدمة"),
    "You have sent this already. It can be read, and no longer changed.": _w(
        "Ya lo ha enviado. Se puede leer, pero ya no cambiar.", "Vous l’avez déjà envoyé. On peut le lire, mais plus le modifier.", "سبق إرسال هذا. يمكن قراءته ولم يعد يمكن تغييره."),
    "You have declined this, so it can no longer be filled in. Call us if that was a mistake.": _w(
        "Usted lo ha rechazado, así que ya no se puede rellenar. Llámenos si fue un error.",
        "Vous l’avez refusé, il ne peut donc plus être rempli. Appelez-nous si c’était une erreur.", "سبق رفض هذا، ولم يعد يمكن ملؤه. يُرجى الاتصال بنا إن كان ذلك خطأ."),
    "We no longer need this from you.": _w("Ya no necesitamos esto de usted.", "Nous n’avons plus besoin de ceci.", "لم نعد نحتاج إلى هذا منك."),
    "This was answered on another device meanwhile. Look at both, and save what is right.": _w(
        "Entretanto se respondió en otro dispositivo. Mire ambas respuestas y guarde la correcta.",
        "Entre-temps, une réponse a été donnée sur un autre appareil. Regardez les deux et enregistrez la bonne.", "أُجيب عن هذا على جهاز آخر في هذه الأثناء. يُرجى النظر في الإجابتين وحفظ الصحيحة."),
    "Only what was sent can be corrected.": _w("Solo se puede corregir lo que se envió.", "Seul ce qui a été envoyé peut être corrigé.", "لا يُصحَّح إلا ما أُرسل."),
    "There is a correction of this already.": _w("Ya hay una corrección de esto.", "Il existe déjà une correction.", "يوجد تصحيح لهذا بالفعل."),
    "This cannot be declined here. Call us if you do not want to fill it in.": _w(
        "Esto no se puede rechazar aquí. Llámenos si no quiere rellenarlo.", "Ceci ne peut pas être refusé ici. Appelez-nous si vous ne voulez pas le remplir.",
        "لا يمكن رفض هذا هنا. يُرجى الاتصال بنا إن لم ترغب في ملئه."),
    "This no longer differs from the record.": _w("Esto ya no difiere del expediente.", "Ceci ne diffère plus du dossier.", "لم يعد هذا يختلف عن السجل."),
    "That something is to do, and soon due; never what it is.": _w(
        "Que hay algo por hacer y que el plazo se acerca; nunca qué es.", "Qu’il y a quelque chose à faire, bientôt à échéance ; jamais quoi.",
        "أن هناك أمرًا مطلوبًا واقترب موعده، دون ذكر ما هو."),
}
