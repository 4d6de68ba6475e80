"""Sentences of printed documents, with their translations."""

WORDS = {
    "Signed by drawing": {"es": "Firmado con un dibujo de la firma", "fr": "Signature dessinée", "ar": "تم التوقيع بالرسم"},
    "Signed by typing the name": {"es": "Firmado escribiendo el nombre", "fr": "Signature par le nom, au clavier", "ar": "تم التوقيع بكتابة الاسم"},
    "Completed": {"es": "Completado", "fr": "Rempli le", "ar": "تاريخ الإكمال"},
    "Correction": {"es": "Corrección", "fr": "Rectification", "ar": "تصحيح"},
    "No answer": {"es": "Sin respuesta", "fr": "Pas de réponse", "ar": "لا إجابة"},
    "Scores": {"es": "Puntuaciones", "fr": "Résultats", "ar": "الدرجات"},
    "Signatures": {"es": "Firmas", "fr": "Les signatures", "ar": "التوقيعات"},
    "Network address": {"es": "Dirección de red", "fr": "Adresse réseau", "ar": "عنوان الشبكة"},
    "Fingerprint of what was signed (SHA-256)": {"es": "Huella de lo que se firmó (SHA-256)", "fr": "Empreinte de ce qui a été signé (SHA-256)", "ar": "بصمة ما تم التوقيع عليه (SHA-256)"},
    "Question": {"es": "Pregunta", "fr": "La question", "ar": "السؤال"},
    "What was chosen": {"es": "Lo que se eligió", "fr": "Ce qui a été choisi", "ar": "ما تم اختياره"},
    "This corrects what was completed on %(when)s.": {"es": "Corrige lo que se completó el %(when)s.", "fr": "Ceci rectifie ce qui a été rempli le %(when)s.", "ar": "هذا تصحيح لما تم إكماله في %(when)s."},
}
