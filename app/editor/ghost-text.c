#include "ghost-text.h"

#include <gtksourceview/gtksource.h>
#include <string.h>

/* Characters that are read before the caret, rounded to whole pieces, and behind it. */
#define PIECE        1024
#define MAX_SUFFIX   512
/* A model that comes to what stands there already has said what it had to say; shorter lines, such as "}", are often
 * the same by chance. */
#define LEAST_REPEAT 4
#define MAX_LINES    24
#define HINT         "…"

struct _RiposteGhostText
{
  GObject parent;

  GtkTextView *view; /* (nullable) weak */
  GtkTextBuffer *buffer;
  GtkEventController *keys;
  GtkTextMark *caret;
  GtkTextTag *room; /* below the caret's line, for what would push the next ones down */
  GtkWidget *first, *others;
  GString *text;
  char *rest, *next; /* of the caret's line; the next line that is not blank, stripped */
  int indent;        /* of the caret's line */
  int column, x, y;  /* of the caret, in letters and in pixels */
  int line_y, line_height;
  gboolean ended;
};

G_DEFINE_FINAL_TYPE (RiposteGhostText, riposte_ghost_text, G_TYPE_OBJECT)

static guint finished_signal, ended_signal;

/* ---- around the caret ---- */

static void
get_caret (RiposteGhostText *self, GtkTextIter *caret)
{
  gtk_text_buffer_get_iter_at_mark (self->buffer, caret, self->caret);
}

char *
riposte_ghost_text_dup_prefix (RiposteGhostText *self)
{
  GtkTextIter caret, start;
  int offset;

  get_caret (self, &caret);
  offset = gtk_text_iter_get_offset (&caret);
  gtk_text_buffer_get_iter_at_offset (self->buffer, &start, MAX (0, (offset / PIECE - 1) * PIECE));
  if (!gtk_text_iter_starts_line (&start) && gtk_text_iter_get_line (&start) < gtk_text_iter_get_line (&caret))
    gtk_text_iter_forward_line (&start);
  return gtk_text_buffer_get_text (self->buffer, &start, &caret, TRUE);
}

char *
riposte_ghost_text_dup_suffix (RiposteGhostText *self)
{
  GtkTextIter caret, end;

  get_caret (self, &caret);
  gtk_text_buffer_get_iter_at_offset (self->buffer, &end, gtk_text_iter_get_offset (&caret) + MAX_SUFFIX);
  if (!gtk_text_iter_is_end (&end) && gtk_text_iter_get_line (&end) > gtk_text_iter_get_line (&caret))
    gtk_text_iter_set_line_offset (&end, 0);
  return gtk_text_buffer_get_text (self->buffer, &caret, &end, TRUE);
}

static int
get_indent (const char *line)
{
  return (int)strspn (line, " \t");
}

static gboolean
is_blank (const char *line)
{
  return strchr ("\n", line[get_indent (line)]) != NULL; /* or its end */
}

static void
read_surroundings (RiposteGhostText *self)
{
  g_autofree char *suffix = riposte_ghost_text_dup_suffix (self);
  g_auto (GStrv) lines = g_strsplit (suffix, "\n", -1);
  g_autofree char *before = NULL;
  GtkTextIter start, caret;

  get_caret (self, &caret);
  start = caret;
  gtk_text_iter_set_line_offset (&start, 0);
  before = gtk_text_buffer_get_text (self->buffer, &start, &caret, TRUE);
  self->indent = get_indent (before);

  self->rest = g_strdup (lines[0] ? lines[0] : "");
  for (guint i = 1; lines[0] && lines[i] && !self->next; i++)
    if (strlen (g_strstrip (lines[i])) >= LEAST_REPEAT)
      self->next = g_strdup (lines[i]);
}

/* ---- what is shown ---- */

/* A label's tabs are not as wide as the editor's. */
static char *
expand_tabs (RiposteGhostText *self, const char *line, gsize length, int column)
{
  guint width = GTK_SOURCE_IS_VIEW (self->view) ? gtk_source_view_get_tab_width (GTK_SOURCE_VIEW (self->view)) : 8;
  GString *out = g_string_new (NULL);

  for (const char *p = line; p < line + length; p = g_utf8_next_char (p))
    {
      guint n = *p == '\t' ? width - (guint)column % width : 1;

      column += (int)n;
      if (*p == '\t')
        g_string_append_printf (out, "%*s", (int)n, "");
      else
        g_string_append_len (out, p, g_utf8_next_char (p) - p);
    }
  return g_string_free (out, FALSE);
}

static void
show_first (RiposteGhostText *self, gboolean alone)
{
  g_autofree char *line = expand_tabs (self, self->text->str, strcspn (self->text->str, "\n"), self->column);
  g_autofree char *rest = expand_tabs (self, self->rest, strlen (self->rest), 0);
  /* what stands behind the caret now stands behind the last line, and is covered here */
  int blank = alone ? 0 : (int)MAX (0, g_utf8_strlen (rest, -1) - g_utf8_strlen (line, -1));
  g_autofree char *whole = g_strdup_printf ("%s%s%*s", line, alone ? rest : "", blank, "");

  gtk_label_set_text (GTK_LABEL (self->first), whole);
  if (*rest)
    gtk_widget_add_css_class (self->first, "riposte-ghost-cover");
  gtk_text_view_move_overlay (self->view, self->first, self->x, self->y);
}

static guint
show_others (RiposteGhostText *self)
{
  g_auto (GStrv) lines = g_strsplit (self->text->str, "\n", -1);
  guint n = g_strv_length (lines);
  g_autoptr (GString) shown = g_string_new (NULL);

  for (guint i = 1; i < n; i++)
    {
      g_autofree char *line = expand_tabs (self, lines[i], strlen (lines[i]), 0);

      g_string_append (shown, line);
      g_string_append (shown, i + 1 < n ? "\n" : self->rest);
    }
  gtk_label_set_text (GTK_LABEL (self->others), shown->str);
  gtk_widget_set_visible (self->others, n > 1);
  return n - (n > 0);
}

static void
make_room (RiposteGhostText *self, guint n_lines)
{
  GtkTextIter start, end;

  get_caret (self, &start);
  gtk_text_iter_set_line_offset (&start, 0);
  end = start;
  gtk_text_iter_forward_line (&end);
  g_object_set (self->room, "pixels-below-lines", (int)n_lines * self->line_height, NULL);
  gtk_text_buffer_apply_tag (self->buffer, self->room, &start, &end);
}

static void
update (RiposteGhostText *self)
{
  guint n_others = show_others (self);

  show_first (self, n_others == 0);
  make_room (self, n_others);
  gtk_widget_set_visible (self->first, self->text->len > 0);
}

/* Made once for a view: what was put over its text stays there. */
static GtkWidget *
get_label (RiposteGhostText *self, const char *key, int x, int y)
{
  GtkWidget *label = g_object_get_data (G_OBJECT (self->view), key);

  if (label)
    gtk_text_view_move_overlay (self->view, label, x, y);
  else
    {
      label = gtk_label_new (NULL);
      gtk_widget_add_css_class (label, "riposte-ghost");
      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_widget_set_can_target (label, FALSE);
      gtk_widget_set_visible (label, FALSE);
      gtk_text_view_add_overlay (self->view, label, x, y);
      g_object_set_data (G_OBJECT (self->view), key, label);
    }
  return label;
}

/* While there is nothing, points behind the line say that something may come. */
static void
set_up_widgets (RiposteGhostText *self)
{
  GtkTextIter caret, start, end;
  GdkRectangle at, left, right;

  get_caret (self, &caret);
  start = end = caret;
  gtk_text_iter_set_line_offset (&start, 0);
  if (!gtk_text_iter_ends_line (&end))
    gtk_text_iter_forward_to_line_end (&end);
  gtk_text_view_get_iter_location (self->view, &caret, &at);
  gtk_text_view_get_iter_location (self->view, &start, &left);
  gtk_text_view_get_iter_location (self->view, &end, &right);
  gtk_text_view_get_line_yrange (self->view, &caret, &self->line_y, &self->line_height);
  self->column = GTK_SOURCE_IS_VIEW (self->view)
                   ? (int)gtk_source_view_get_visual_column (GTK_SOURCE_VIEW (self->view), &caret)
                   : gtk_text_iter_get_line_offset (&caret);
  self->x = at.x;
  self->y = at.y;
  self->first = get_label (self, "ghost-first", right.x, right.y);
  self->others = get_label (self, "ghost-others", left.x, self->line_y + self->line_height);
  gtk_widget_remove_css_class (self->first, "riposte-ghost-cover");
  gtk_label_set_text (GTK_LABEL (self->first), HINT);
  gtk_widget_set_visible (self->first, TRUE);
}

/* ---- its end ---- */

void
riposte_ghost_text_end (RiposteGhostText *self)
{
  GtkTextIter start, end;

  if (self->ended)
    return;
  self->ended = TRUE;
  g_signal_handlers_disconnect_by_data (self->buffer, self);
  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  gtk_text_buffer_remove_tag (self->buffer, self->room, &start, &end);
  gtk_text_tag_table_remove (gtk_text_buffer_get_tag_table (self->buffer), self->room);
  if (self->view)
    {
      gtk_widget_set_visible (self->first, FALSE);
      gtk_widget_set_visible (self->others, FALSE);
      gtk_widget_remove_controller (GTK_WIDGET (self->view), self->keys);
    }
  g_signal_emit (self, ended_signal, 0);
}

/* The spaces and lines that it ends in mean that more was to come. */
static void
trim (RiposteGhostText *self)
{
  g_string_truncate (self->text, strlen (g_strchomp (self->text->str)));
}

void
riposte_ghost_text_take (RiposteGhostText *self)
{
  g_autoptr (RiposteGhostText) alive = g_object_ref (self);
  GtkTextView *view = self->view;
  GtkTextIter caret;

  if (self->ended)
    return;
  trim (self);
  get_caret (self, &caret);
  riposte_ghost_text_end (self);
  if (view && !gtk_text_view_get_editable (view))
    return;
  gtk_text_buffer_begin_user_action (self->buffer);
  gtk_text_buffer_insert (self->buffer, &caret, self->text->str, (int)self->text->len);
  gtk_text_buffer_place_cursor (self->buffer, &caret);
  gtk_text_buffer_end_user_action (self->buffer);
  if (view)
    gtk_text_view_scroll_mark_onscreen (view, gtk_text_buffer_get_insert (self->buffer));
}

static gboolean
is_modifier (guint key)
{
  return (key >= GDK_KEY_Shift_L && key <= GDK_KEY_Hyper_R) || key == GDK_KEY_ISO_Level3_Shift;
}

static gboolean
on_key (GtkEventController *controller, guint key, guint code, GdkModifierType state, RiposteGhostText *self)
{
  if (is_modifier (key))
    return GDK_EVENT_PROPAGATE;
  if (key == GDK_KEY_Tab && !(state & (GDK_SHIFT_MASK | GDK_CONTROL_MASK | GDK_ALT_MASK)) && self->text->len)
    {
      riposte_ghost_text_take (self);
      return GDK_EVENT_STOP;
    }
  riposte_ghost_text_end (self);
  return key == GDK_KEY_Escape;
}

/* ---- its text ---- */

/* Whether @line, behind the others, is where this has to end: what stands behind the caret already, and what is outside of
 * the block that the caret is in, or begins another one. */
static gboolean
is_beyond (RiposteGhostText *self, const char *line, gboolean after_blank)
{
  g_autofree char *whole = g_strndup (line, strcspn (line, "\n"));
  int indent = get_indent (whole);

  if (is_blank (whole))
    return FALSE;
  if (indent < self->indent || (indent == self->indent && after_blank))
    return TRUE;
  return self->next && line[strlen (whole)] && g_str_equal (g_strstrip (whole), self->next);
}

/* Returns: there was something to cut */
static gboolean
cut_beyond (RiposteGhostText *self)
{
  gboolean after_blank = FALSE;
  guint n_lines = 1;

  for (char *end = strchr (self->text->str, '\n'); end; end = strchr (end + 1, '\n'), n_lines++)
    {
      if (n_lines == MAX_LINES || is_beyond (self, end + 1, after_blank))
        {
          g_string_truncate (self->text, (gsize)(end - self->text->str));
          return TRUE;
        }
      after_blank = is_blank (end + 1);
    }
  return FALSE;
}

void
riposte_ghost_text_set_hint (RiposteGhostText *self, const char *hint)
{
  g_autofree char *apart = hint ? g_strconcat ("  ", hint, NULL) : NULL;

  if (!self->ended && !self->text->len)
    gtk_label_set_text (GTK_LABEL (self->first), apart ? apart : HINT);
}

gboolean
riposte_ghost_text_append (RiposteGhostText *self, const char *text)
{
  gboolean cut;

  if (self->ended)
    return FALSE;
  g_string_append (self->text, text);
  cut = cut_beyond (self);
  update (self);
  return !cut;
}

void
riposte_ghost_text_finish (RiposteGhostText *self)
{
  if (self->ended)
    return;
  trim (self);
  if (self->text->len)
    {
      update (self);
      g_signal_emit (self, finished_signal, 0);
    }
  else
    riposte_ghost_text_end (self);
}

const char *
riposte_ghost_text_get_text (RiposteGhostText *self)
{
  return self->text->str;
}

/* ---- object ---- */

static void
riposte_ghost_text_init (RiposteGhostText *self)
{
  self->text = g_string_new (NULL);
}

static void
riposte_ghost_text_dispose (GObject *object)
{
  RiposteGhostText *self = RIPOSTE_GHOST_TEXT (object);

  if (self->buffer)
    {
      riposte_ghost_text_end (self);
      gtk_text_buffer_delete_mark (self->buffer, self->caret);
    }
  g_clear_weak_pointer (&self->view);
  g_clear_object (&self->room);
  g_clear_object (&self->buffer);
  G_OBJECT_CLASS (riposte_ghost_text_parent_class)->dispose (object);
}

static void
riposte_ghost_text_finalize (GObject *object)
{
  RiposteGhostText *self = RIPOSTE_GHOST_TEXT (object);

  g_string_free (self->text, TRUE);
  g_free (self->rest);
  g_free (self->next);
  G_OBJECT_CLASS (riposte_ghost_text_parent_class)->finalize (object);
}

static void
riposte_ghost_text_class_init (RiposteGhostTextClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_ghost_text_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_ghost_text_finalize;
  finished_signal
    = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  ended_signal
    = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteGhostText *
riposte_ghost_text_new (GtkTextView *view)
{
  RiposteGhostText *self = g_object_new (RIPOSTE_TYPE_GHOST_TEXT, NULL);
  GtkTextIter caret;

  g_set_weak_pointer (&self->view, view);
  self->buffer = g_object_ref (gtk_text_view_get_buffer (view));
  gtk_text_buffer_get_iter_at_mark (self->buffer, &caret, gtk_text_buffer_get_insert (self->buffer));
  self->caret = gtk_text_buffer_create_mark (self->buffer, NULL, &caret, TRUE);
  self->room = g_object_ref (gtk_text_buffer_create_tag (self->buffer, NULL, NULL));
  read_surroundings (self);
  set_up_widgets (self);
  self->keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (self->keys, "key-pressed", G_CALLBACK (on_key), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (view), self->keys);
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (riposte_ghost_text_end), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->buffer, "notify::cursor-position", G_CALLBACK (riposte_ghost_text_end), self,
                           G_CONNECT_SWAPPED);
  return self;
}
