#include "store/archive.h"

#include "chat/message.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_NAME 80 /* bytes of a file's name */

/* ---- what Markdown would take for markup ---- */

static void
append_escaped (GString *out, const char *text)
{
  for (const char *p = text; *p; p++)
    {
      if (strchr ("\\`*_[]<>#&~|!", *p))
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p == '\n' ? ' ' : *p);
    }
}

static gsize
count_leading (const char *line, char c)
{
  gsize n = 0;

  while (line[n] == c)
    n++;
  return n;
}

typedef struct
{
  char mark; /* of the fence that is open, or NUL */
  gsize indent, length;
} Fence;

/* CommonMark 0.30, section 4.5 */
static void
follow_fence (Fence *fence, const char *line)
{
  gsize indent = count_leading (line, ' ');
  const char *p = line + indent;
  gsize length = *p == '`' || *p == '~' ? count_leading (p, *p) : 0;

  if (indent > 3 || length < 3)
    return;
  if (!fence->mark)
    {
      if (*p == '~' || !strchr (p + length, '`'))
        *fence = (Fence){ *p, indent, length };
    }
  else if (*p == fence->mark && length >= fence->length && p[length + strspn (p + length, " \t")] == '\0')
    fence->mark = '\0';
}

/* HTML is text in an answer, and a fence that it left open must not swallow what follows it in the file. */
static void
append_answer (GString *out, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Fence fence = { 0 };

  for (gsize i = 0; lines[i]; i++)
    {
      gsize indent = count_leading (lines[i], ' ');

      follow_fence (&fence, lines[i]);
      if (!fence.mark && indent <= 3 && lines[i][indent] == '<' && !g_str_has_prefix (lines[i] + indent, "<http"))
        g_string_append_printf (out, "%.*s\\%s\n", (int)indent, lines[i], lines[i] + indent);
      else
        g_string_append_printf (out, "%s\n", lines[i]);
    }
  if (!fence.mark)
    return;
  g_string_append_printf (out, "%*s", (int)fence.indent, "");
  for (gsize i = 0; i < fence.length; i++)
    g_string_append_c (out, fence.mark);
  g_string_append_c (out, '\n');
}

/* Whatever it opens ends with the quotation. */
static void
append_question (GString *out, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (gsize i = 0; lines[i]; i++)
    g_string_append_printf (out, *lines[i] ? "> %s\n" : ">%s\n", lines[i]);
}

/* ---- conversations ---- */

static const char *
describe_state (RiposteRecordState state)
{
  switch (state)
    {
    case RIPOSTE_RECORD_STOPPED:
      return _ ("Stopped");
    case RIPOSTE_RECORD_CONTEXT_FULL:
      return _ ("The context was full");
    case RIPOSTE_RECORD_FAILED:
    case RIPOSTE_RECORD_NO_ROOM:
      return _ ("Failed");
    case RIPOSTE_RECORD_GROWING:
    case RIPOSTE_RECORD_CUT_OFF:
      return _ ("Cut off");
    case RIPOSTE_RECORD_ENDED:
      break;
    }
  return NULL;
}

static void
append_message (GString *out, const RiposteRecord *message)
{
  const char *state = describe_state (message->state);

  g_string_append (out, "\n**");
  append_escaped (out, message->role == RIPOSTE_ROLE_USER ? _ ("You") : message->model ? message->model : _ ("Answer"));
  g_string_append (out, ":**\n\n");
  if (message->role == RIPOSTE_ROLE_ASSISTANT)
    append_answer (out, message->text);
  else
    append_question (out, message->text);
  if (!state)
    return;
  g_string_append_printf (out, "\n*%s", state);
  if (message->error)
    {
      g_string_append (out, ": ");
      append_escaped (out, message->error);
    }
  g_string_append (out, "*\n");
}

static void
append_chat (GString *out, const RiposteArchivedChat *archived)
{
  const RiposteChatRecord *chat = archived->chat;
  g_autoptr (GPtrArray) path = riposte_archived_chat_get_path (archived);
  g_autoptr (GDateTime) created = chat->created ? g_date_time_new_from_unix_local (chat->created) : NULL;
  g_autofree char *date = created ? g_date_time_format (created, "%Y-%m-%d %H:%M") : NULL;

  g_string_append (out, "# ");
  append_escaped (out, chat->title && *chat->title ? chat->title : _ ("New Chat"));
  g_string_append (out, "\n");
  if (date)
    g_string_append_printf (out, "\n%s\n", date);
  for (guint i = 0; i < path->len; i++)
    append_message (out, path->pdata[i]);
}

char *
riposte_archive_to_markdown (const RiposteArchivedChat *chat)
{
  GString *out = g_string_new (NULL);

  append_chat (out, chat);
  return g_string_free (out, FALSE);
}

char *
riposte_archive_all_to_markdown (GPtrArray *chats)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < chats->len; i++)
    {
      if (i)
        g_string_append (out, "\n---\n\n");
      append_chat (out, chats->pdata[i]);
    }
  return g_string_free (out, FALSE);
}

/* Without what a file system, a shell or a listing would stumble on. */
char *
riposte_archive_file_name (const char *title)
{
  GString *name = g_string_new (NULL);

  for (const char *p = title ? title : ""; *p && name->len < MAX_NAME; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      gboolean bad = !g_unichar_isprint (c) || (c < 0x80 && strchr ("/\\:*?\"<>|", (int)c));

      g_string_append_unichar (name, bad ? '-' : c);
    }
  while (name->len && strchr (". ", name->str[name->len - 1]))
    g_string_truncate (name, name->len - 1);
  while (name->len && strchr (". ", name->str[0]))
    g_string_erase (name, 0, 1);
  if (!name->len)
    g_string_assign (name, _ ("Chat"));
  return g_string_free (name, FALSE);
}
