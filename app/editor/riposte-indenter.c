#include "riposte-indenter.h"

#include <string.h>

struct _RiposteIndenter
{
  GObject parent_instance;
};

/* So far back is looked for an opening bracket. */
#define MAX_DISTANCE 20000

static void iface_init (GtkSourceIndenterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteIndenter,
                               riposte_indenter,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (GTK_SOURCE_TYPE_INDENTER, iface_init))

static const struct
{
  gunichar open, close;
} brackets[] = { { '{', '}' }, { '[', ']' }, { '(', ')' } };

static gboolean
is_open (gunichar letter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (brackets); i++)
    if (brackets[i].open == letter)
      return TRUE;
  return FALSE;
}

static gunichar
open_of (gunichar close)
{
  for (gsize i = 0; i < G_N_ELEMENTS (brackets); i++)
    if (brackets[i].close == close)
      return brackets[i].open;
  return 0;
}

static gboolean
is_blank (gunichar letter)
{
  return letter == ' ' || letter == '\t';
}

static guint
column_of_text (GtkTextIter line, guint tab_width)
{
  guint column = 0;

  gtk_text_iter_set_line_offset (&line, 0);
  for (; is_blank (gtk_text_iter_get_char (&line)); gtk_text_iter_forward_char (&line))
    column += gtk_text_iter_get_char (&line) == '\t' ? tab_width - column % tab_width : 1;
  return column;
}

static char *
blanks_of_width (guint width, const RiposteIndentation *indentation)
{
  guint n_tabs = indentation->tabs ? width / indentation->tab_width : 0;
  guint n_spaces = indentation->tabs ? width % indentation->tab_width : width;
  g_autofree char *tabs = g_strnfill (n_tabs, '\t'), *spaces = g_strnfill (n_spaces, ' ');

  return g_strconcat (tabs, spaces, NULL);
}

/* Replaces the blanks that @iter's line begins with; @iter goes behind them. */
static void
indent_line (GtkTextBuffer *buffer, GtkTextIter *iter, guint width, const RiposteIndentation *indentation)
{
  GtkTextIter end;
  g_autofree char *blanks = blanks_of_width (width, indentation);

  gtk_text_iter_set_line_offset (iter, 0);
  end = *iter;
  while (is_blank (gtk_text_iter_get_char (&end)))
    gtk_text_iter_forward_char (&end);
  gtk_text_buffer_delete (buffer, iter, &end);
  gtk_text_buffer_insert (buffer, iter, blanks, -1);
}

/* A colon opens a block where blocks are made of indentation. */
static gboolean
has_colon_blocks (GtkTextBuffer *buffer)
{
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (buffer));
  const char *id = language ? gtk_source_language_get_id (language) : "";

  return g_str_equal (id, "python3") || g_str_equal (id, "python") || g_str_equal (id, "yaml")
         || g_str_equal (id, "nim") || g_str_equal (id, "gdscript");
}

static gboolean
in_prose (GtkTextBuffer *buffer, const GtkTextIter *iter)
{
  GtkSourceBuffer *source = GTK_SOURCE_BUFFER (buffer);

  return gtk_source_buffer_iter_has_context_class (source, iter, "comment")
         || gtk_source_buffer_iter_has_context_class (source, iter, "string");
}

static void
indent_new_line (GtkTextBuffer *buffer, GtkTextIter *iter, const RiposteIndentation *indentation)
{
  GtkTextIter last = *iter;

  gtk_text_iter_backward_line (&last);
  guint width = column_of_text (last, indentation->tab_width);
  if (!gtk_text_iter_ends_line (&last))
    gtk_text_iter_forward_to_line_end (&last);
  while (!gtk_text_iter_starts_line (&last) && gtk_text_iter_backward_char (&last))
    if (!is_blank (gtk_text_iter_get_char (&last)))
      break;
  gunichar opener = gtk_text_iter_get_char (&last);
  gboolean opens = (is_open (opener) || (opener == ':' && has_colon_blocks (buffer))) && !in_prose (buffer, &last);
  gunichar next = gtk_text_iter_get_char (iter);

  /* Between two brackets: one line for what goes between, one for the second. */
  if (opens && open_of (next) == opener)
    {
      int line = gtk_text_iter_get_line (iter);
      gtk_text_buffer_insert (buffer, iter, "\n", 1);
      indent_line (buffer, iter, width, indentation);
      gtk_text_buffer_get_iter_at_line (buffer, iter, line);
    }
  indent_line (buffer, iter, opens ? width + indentation->width : width, indentation);
}

/* A bracket that is the first of its line goes where the line of its opening one begins. */
static void
indent_bracket (GtkTextBuffer *buffer, GtkTextIter *iter, const RiposteIndentation *indentation)
{
  GtkTextIter bracket = *iter, start = *iter;
  int depth = 1, line = gtk_text_iter_get_line (iter);

  gtk_text_iter_set_line_offset (&start, 0);
  if (!gtk_text_iter_backward_char (&bracket))
    return;
  while (is_blank (gtk_text_iter_get_char (&start)))
    gtk_text_iter_forward_char (&start);
  if (!gtk_text_iter_equal (&start, &bracket) || in_prose (buffer, &bracket))
    return;
  gunichar close = gtk_text_iter_get_char (&bracket), open = open_of (close);
  for (int i = 0; depth > 0 && i < MAX_DISTANCE; i++)
    {
      if (!gtk_text_iter_backward_char (&start))
        return;
      gunichar letter = gtk_text_iter_get_char (&start);
      if ((letter == open || letter == close) && !in_prose (buffer, &start))
        depth += letter == open ? -1 : 1;
    }
  if (depth > 0 || gtk_text_iter_get_line (&start) == line)
    return;
  indent_line (buffer, iter, column_of_text (start, indentation->tab_width), indentation);
  gtk_text_iter_forward_char (iter);
}

static gboolean
riposte_indenter_is_trigger (GtkSourceIndenter *self,
                             GtkSourceView *view,
                             const GtkTextIter *location,
                             GdkModifierType state,
                             guint keyval)
{
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK))
    return FALSE;
  if (keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter)
    return !(state & GDK_SHIFT_MASK);
  return keyval == GDK_KEY_braceright || keyval == GDK_KEY_bracketright || keyval == GDK_KEY_parenright;
}

static void
riposte_indenter_indent (GtkSourceIndenter *self, GtkSourceView *view, GtkTextIter *iter)
{
  GtkTextBuffer *buffer = gtk_text_iter_get_buffer (iter);
  RiposteIndentation indentation = riposte_document_get_indentation (RIPOSTE_DOCUMENT (buffer));

  if (!gtk_text_iter_starts_line (iter))
    indent_bracket (buffer, iter, &indentation);
  else if (gtk_text_iter_get_line (iter) > 0)
    indent_new_line (buffer, iter, &indentation);
}

static void
iface_init (GtkSourceIndenterInterface *iface)
{
  iface->is_trigger = riposte_indenter_is_trigger;
  iface->indent = riposte_indenter_indent;
}

static void
riposte_indenter_class_init (RiposteIndenterClass *klass)
{
}

static void
riposte_indenter_init (RiposteIndenter *self)
{
}

GtkSourceIndenter *
riposte_indenter_new (void)
{
  return g_object_new (RIPOSTE_TYPE_INDENTER, NULL);
}
