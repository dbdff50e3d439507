#include "chat/title-request.h"

#include "chat/attachment.h"

#include <string.h>

/* The first one stands for all languages that are not here. */
static const RiposteTitleRequest requests[] = {
  { "en", "Write a short title for this conversation, in the language of my question.", "Title:" },
  { "de", "Gib dieser Unterhaltung einen kurzen Titel.", "Titel:" },
  { "fr", "Donne un titre court à cette conversation.", "Titre :" },
  { "es", "Ponle un título corto a esta conversación.", "Título:" },
  { "it", "Dai un titolo breve a questa conversazione.", "Titolo:" },
  { "pt", "Dê um título curto a esta conversa.", "Título:" },
  { "nl", "Geef dit gesprek een korte titel.", "Titel:" },
  { "sv", "Ge det här samtalet en kort titel.", "Titel:" },
  { "pl", "Nadaj tej rozmowie krótki tytuł.", "Tytuł:" },
  { "ru", "Дай этой беседе короткое название.", "Название:" },
  { "uk", "Дай цій розмові коротку назву.", "Назва:" },
  { "ja", "この会話に短いタイトルを付けてください。", "タイトル：" },
  { "zh", "请给这段对话起一个简短的标题。", "标题：" },
  { "ko", "이 대화에 짧은 제목을 붙여 주세요.", "제목:" },
};

/* Little words that questions have, with spaces around each. */
static const struct
{
  const char *language, *words;
} little_words[] = {
  { "en", " how what is are the a an and i to of in for do does why can my with it this not me you when which " },
  { "de",
    " wie was ist sind der die das den und ich ein eine einen nicht warum kann mir bitte mit für von zu wenn in " },
  { "fr", " comment est le la les un une des je dans pour que quelle quel pourquoi et avec du de pas ce en il y a " },
  { "es", " cómo como qué que el la los una un en para por es cuál con de del mi puedo y no se " },
  { "it", " come cosa è il lo la gli una un di che per qual perché della con non posso mi tra e in " },
  { "pt", " como o a os uma um em no para por é que qual não com do da de eu posso e " },
  { "nl", " hoe wat is de het een van en ik niet waarom kan met voor mijn zijn in " },
  { "sv", " hur vad är det en ett och jag inte varför kan med för av på min i " },
  { "pl", " jak co jest w na i nie czy dla z do się dlaczego mój po " },
};

static const RiposteTitleRequest *
find (const char *language)
{
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    if (g_str_equal (requests[i].language, language))
      return &requests[i];
  return requests;
}

typedef struct
{
  guint latin, han, kana, hangul, cyrillic, ukrainian;
} Letters;

static Letters
count_letters (const char *text)
{
  Letters n = { 0 };

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      GUnicodeScript script = g_unichar_get_script (c);

      n.latin += script == G_UNICODE_SCRIPT_LATIN;
      n.han += script == G_UNICODE_SCRIPT_HAN;
      n.kana += script == G_UNICODE_SCRIPT_HIRAGANA || script == G_UNICODE_SCRIPT_KATAKANA;
      n.hangul += script == G_UNICODE_SCRIPT_HANGUL;
      n.cyrillic += script == G_UNICODE_SCRIPT_CYRILLIC;
      n.ukrainian += c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491; /* і ї є ґ */
    }
  return n;
}

/* A question about code has words of that in Latin letters, too. */
static const char *
find_by_script (const Letters *n)
{
  if (3 * (n->han + n->kana + n->hangul) > n->latin)
    return n->hangul > n->han + n->kana ? "ko" : n->kana ? "ja" : "zh";
  if (2 * n->cyrillic > n->latin)
    return n->ukrainian ? "uk" : "ru";
  return NULL;
}

static const char *
find_by_words (const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  const char *best = "en";
  guint most = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (little_words); i++)
    {
      g_auto (GStrv) words = g_strsplit_set (folded, " \t\n.,;:?!()\"'", -1);
      guint n = 0;

      for (char **word = words; *word; word++)
        {
          g_autofree char *alone = g_strdup_printf (" %s ", *word);
          n += **word && strstr (little_words[i].words, alone);
        }
      if (n > most)
        best = little_words[i].language;
      most = MAX (n, most);
    }
  return best;
}

const RiposteTitleRequest *
riposte_title_request_for (const char *question)
{
  g_autofree char *asked = g_strndup (question, riposte_attachments_split (question, NULL));
  Letters letters = count_letters (asked);
  const char *language = find_by_script (&letters);

  return find (language ? language : find_by_words (asked));
}

const RiposteTitleRequest *
riposte_title_requests (gsize *n)
{
  *n = G_N_ELEMENTS (requests);
  return requests;
}
