#include "markdown/markdown-inline.h"

#include "plain-text.h"

#include <string.h>

#include <cmark-gfm-core-extensions.h>

/* Tags within tags beyond this are left out: nothing that is written for a reader has so many. */
#define MAX_DEPTH 16

typedef struct
{
  GString *markup;
  guint depth;
  GArray *formulas;
  gboolean split;
} Writer;

static void
append_escaped (GString *markup, const char *text)
{
  g_autofree char *plain = riposte_plain_text (text ? text : "", -1);
  g_autofree char *escaped = g_markup_escape_text (plain, -1);

  g_string_append (markup, escaped);
}

static void
append_source (Writer *writer, const char *text)
{
  g_autofree char *source = riposte_formulas_show (text ? text : "", writer->formulas);

  append_escaped (writer->markup, source);
}

static void
append_formula (Writer *writer, const RiposteFormula *formula)
{
  g_autofree char *line = formula->broken ? riposte_formula_dup_source (formula) : riposte_formula_dup_line (formula);

  g_string_append (writer->markup, formula->broken ? "<tt>" : RIPOSTE_FORMULA_TAG);
  append_escaped (writer->markup, line);
  g_string_append (writer->markup, formula->broken ? "</tt>" : RIPOSTE_FORMULA_END_TAG);
}

/* Text with its formulas. */
static void
append_text (Writer *writer, const char *text, gboolean split)
{
  while (text && *text)
    {
      const char *next = strstr (text, RIPOSTE_FORMULA_BEGIN), *end;
      const RiposteFormula *formula;

      if (next != text)
        {
          g_autofree char *plain = next ? g_strndup (text, next - text) : g_strdup (text);

          append_escaped (writer->markup, plain);
          text = next;
          continue;
        }
      formula = riposte_formulas_at (text, writer->formulas, &end);
      if (!formula) /* an entity can write anything */
        {
          g_string_append (writer->markup, "\xef\xbf\xbd");
          text += strlen (RIPOSTE_FORMULA_BEGIN);
          continue;
        }
      if (formula->display && !formula->broken && split)
        g_string_append_len (writer->markup, text, end - text);
      else
        append_formula (writer, formula);
      text = end;
    }
}

static char *
dup_url (const Writer *writer, cmark_node *node)
{
  const char *url = cmark_node_get_url (node);

  return riposte_formulas_show (url ? url : "", writer->formulas);
}

static gboolean
is_link (cmark_node *node)
{
  cmark_node_type type = cmark_node_get_type (node);
  const char *url = cmark_node_get_url (node);

  return (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE) && url && riposte_is_web_address (url);
}

/* Pango forbids a link within a link. */
static gboolean
is_within_link (cmark_node *node)
{
  for (node = cmark_node_parent (node); node; node = cmark_node_parent (node))
    if (is_link (node))
      return TRUE;
  return FALSE;
}

static void
write_link (Writer *writer, cmark_node *node, gboolean entering)
{
  g_autofree char *address = NULL, *url = NULL, *plain = NULL, *shown = NULL;

  if (!is_link (node) || is_within_link (node))
    return;
  if (!entering)
    {
      g_string_append (writer->markup, "</a>");
      return;
    }
  /* the tooltip says where it leads, whatever the text says */
  address = dup_url (writer, node);
  url = g_markup_escape_text (address, -1);
  plain = riposte_plain_address (address);
  shown = g_markup_escape_text (plain, -1);
  g_string_append_printf (writer->markup, "<a href=\"%s\" title=\"%s\">", url, shown);
  if (!cmark_node_first_child (node)) /* an image that nothing is said of */
    g_string_append (writer->markup, shown);
}

/* Of a node that has nothing but that. */
static const char *
get_only_text (cmark_node *node)
{
  cmark_node *child = cmark_node_first_child (node);

  return child && !cmark_node_next (child) && cmark_node_get_type (child) == CMARK_NODE_TEXT
           ? cmark_node_get_literal (child)
           : NULL;
}

/* An address that is no link is shown, so that nothing is lost, unless it is what the text says. */
static void
write_dead_address (Writer *writer, cmark_node *node)
{
  const char *url = cmark_node_get_url (node), *text = get_only_text (node);

  if (is_link (node) || !url || !*url || *url == '#')
    return;
  if (text && (strcmp (url, text) == 0 || (g_str_has_prefix (url, "mailto:") && strcmp (url + 7, text) == 0)))
    return;
  g_string_append (writer->markup, " (");
  append_source (writer, url);
  g_string_append_c (writer->markup, ')');
}

static void
write_tag (Writer *writer, gboolean entering, const char *tag)
{
  if (!entering)
    writer->depth--;
  if (writer->depth < MAX_DEPTH)
    g_string_append_printf (writer->markup, entering ? "<%s>" : "</%s>", tag);
  if (entering)
    writer->depth++;
}

static void
write_code (Writer *writer, cmark_node *node)
{
  g_string_append (writer->markup, "<tt>");
  append_source (writer, cmark_node_get_literal (node));
  g_string_append (writer->markup, "</tt>");
}

/* The one tag that means something here: tables have no other way to say it. */
static gboolean
is_line_break (const char *html)
{
  return g_ascii_strcasecmp (html, "<br>") == 0 || g_ascii_strcasecmp (html, "<br/>") == 0
         || g_ascii_strcasecmp (html, "<br />") == 0;
}

static void
write_node (Writer *writer, cmark_node *node, gboolean entering)
{
  switch (cmark_node_get_type (node))
    {
    case CMARK_NODE_TEXT:
      append_text (writer, cmark_node_get_literal (node),
                   writer->split && writer->depth == 0 && !is_within_link (node));
      break;
    case CMARK_NODE_HTML_INLINE:
      if (is_line_break (cmark_node_get_literal (node)))
        {
          g_string_append_c (writer->markup, '\n');
          break;
        }
      append_source (writer, cmark_node_get_literal (node));
      break;
    case CMARK_NODE_CUSTOM_INLINE:
      append_source (writer, cmark_node_get_literal (node));
      break;
    case CMARK_NODE_SOFTBREAK:
      g_string_append_c (writer->markup, ' ');
      break;
    case CMARK_NODE_LINEBREAK:
      g_string_append_c (writer->markup, '\n');
      break;
    case CMARK_NODE_CODE:
      write_code (writer, node);
      break;
    case CMARK_NODE_EMPH:
      write_tag (writer, entering, "i");
      break;
    case CMARK_NODE_STRONG:
      write_tag (writer, entering, "b");
      break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
      write_link (writer, node, entering);
      if (!entering)
        write_dead_address (writer, node);
      break;
    default:
      if (strcmp (cmark_node_get_type_string (node), "strikethrough") == 0)
        write_tag (writer, entering, "s");
      break;
    }
}

char *
riposte_markdown_inline_markup (cmark_node *node, GArray *formulas, gboolean split)
{
  Writer writer = { g_string_new (NULL), 0, formulas, split };
  cmark_iter *iter = cmark_iter_new (node);
  cmark_event_type event;

  while ((event = cmark_iter_next (iter)) != CMARK_EVENT_DONE)
    if (cmark_iter_get_node (iter) != node)
      write_node (&writer, cmark_iter_get_node (iter), event == CMARK_EVENT_ENTER);
  cmark_iter_free (iter);
  return g_string_free (writer.markup, FALSE);
}
