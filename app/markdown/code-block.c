#include "markdown/code-block.h"

#include "markdown/block-text.h"
#include "markdown/block-widgets.h"
#include "markdown/fence-path.h"
#include "markdown/gradual-text.h"
#include "editor/patch.h"
#include "editor/source-style.h"
#include "lazy-tooltip.h"
#include "pass-wheel.h"

#include <glib/gi18n.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#define COPIED_MS          1500
#define MAX_KEPT_LANGUAGES 16
#define MAX_HEIGHT         560 /* of code that scrolls within itself */

struct _RiposteCodeBlock
{
  GtkBox parent;

  GtkLabel *language;
  GtkButton *copy, *insert, *apply, *save;
  GtkScrolledWindow *scroller;
  GtkSourceView *view;
  GtkSourceBuffer *buffer;
  char *code, *info;
  char *shown;      /* the code, its longest lines in pieces */
  gboolean grows;   /* it came in pieces */
  gboolean follows; /* its end is seen, and shall be when it has grown */
  guint copied_timeout;
  guint highlight; /* when idle */
};

G_DEFINE_FINAL_TYPE (RiposteCodeBlock, riposte_code_block, GTK_TYPE_BOX)

static gboolean
on_copied_timeout (gpointer data)
{
  RiposteCodeBlock *self = data;

  self->copied_timeout = 0;
  gtk_button_set_icon_name (self->copy, "edit-copy-symbolic");
  return G_SOURCE_REMOVE;
}

static void
on_copy (RiposteCodeBlock *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->code);
  gtk_button_set_icon_name (self->copy, "object-select-symbolic");
  g_clear_handle_id (&self->copied_timeout, g_source_remove);
  self->copied_timeout = g_timeout_add (COPIED_MS, on_copied_timeout, self);
}

static void
on_insert (RiposteCodeBlock *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "code.insert", "(ss)", self->code, self->info);
}

/* The file that a patch is for, or that the fence names, or its first line, or the paragraph before it; "" where none does. */
static char *
dup_path (RiposteCodeBlock *self)
{
  GtkWidget *before = gtk_widget_get_prev_sibling (GTK_WIDGET (self));
  const char *markup = GTK_IS_LABEL (before) ? gtk_label_get_label (GTK_LABEL (before)) : NULL;
  char *path = riposte_patch_dup_path (self->code);

  if (!path)
    path = riposte_fence_path (self->info, self->code, markup);
  return path ? path : g_strdup ("");
}

static void
on_apply (RiposteCodeBlock *self)
{
  g_autofree char *path = dup_path (self);

  gtk_widget_activate_action (GTK_WIDGET (self), "code.apply", "(sss)", self->code, self->info, path);
}

static void
on_save (RiposteCodeBlock *self)
{
  g_autofree char *path = dup_path (self);

  gtk_widget_activate_action (GTK_WIDGET (self), "code.save", "(sss)", self->code, self->info, path);
}

static void
riposte_code_block_init (RiposteCodeBlock *self)
{
  self->code = g_strdup ("");
  self->info = g_strdup ("");
  self->shown = g_strdup ("");
  self->follows = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  riposte_pass_wheel (self->scroller);
  riposte_set_lazy_tooltip (GTK_WIDGET (self->copy), _ ("Copy"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->insert), _ ("Insert into the Editor"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->apply), _ ("Apply to a File…"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->save), _ ("Save As…"));
  gtk_text_view_set_extra_menu (GTK_TEXT_VIEW (self->view), riposte_block_get_menu ());
  self->buffer = GTK_SOURCE_BUFFER (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->view)));
  gtk_text_buffer_set_enable_undo (GTK_TEXT_BUFFER (self->buffer), FALSE);
  gtk_source_buffer_set_highlight_matching_brackets (self->buffer, FALSE);
  gtk_source_buffer_set_implicit_trailing_newline (self->buffer, FALSE);
  riposte_source_buffer_follow_style (self->buffer);
}

static void
riposte_code_block_dispose (GObject *object)
{
  RiposteCodeBlock *self = RIPOSTE_CODE_BLOCK (object);

  g_clear_handle_id (&self->copied_timeout, g_source_remove);
  g_clear_handle_id (&self->highlight, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_CODE_BLOCK);
  G_OBJECT_CLASS (riposte_code_block_parent_class)->dispose (object);
}

static void
riposte_code_block_finalize (GObject *object)
{
  RiposteCodeBlock *self = RIPOSTE_CODE_BLOCK (object);

  g_free (self->code);
  g_free (self->info);
  g_free (self->shown);
  G_OBJECT_CLASS (riposte_code_block_parent_class)->finalize (object);
}

static void
riposte_code_block_class_init (RiposteCodeBlockClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_code_block_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_code_block_finalize;
  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/markdown/code-block.ui");
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, language);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, copy);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, insert);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, apply);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, save);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, scroller);
  gtk_widget_class_bind_template_child (widget, RiposteCodeBlock, view);
  gtk_widget_class_bind_template_callback (widget, on_copy);
  gtk_widget_class_bind_template_callback (widget, on_insert);
  gtk_widget_class_bind_template_callback (widget, on_apply);
  gtk_widget_class_bind_template_callback (widget, on_save);
}

GtkWidget *
riposte_code_block_new (void)
{
  return g_object_new (RIPOSTE_TYPE_CODE_BLOCK, NULL);
}

/* ---- highlighting ----
 *
 * A language's definition is read when a buffer first takes it, which lasts longer than a frame, and forgotten with the
 * last such buffer. So it is read when there is nothing else to do, and buffers that are never shown keep it. */

static gboolean
is_kept (GHashTable *kept, GtkSourceLanguage *language)
{
  return g_hash_table_contains (kept, language) || g_hash_table_size (kept) >= MAX_KEPT_LANGUAGES;
}

static GHashTable *
get_kept (void)
{
  static GHashTable *kept; /* of language to buffer */

  if (!kept)
    kept = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  return kept;
}

static gboolean
on_idle (gpointer user_data)
{
  RiposteCodeBlock *self = user_data;
  GtkSourceLanguage *language = riposte_source_guess_language (NULL, self->info);

  self->highlight = 0;
  if (language && !is_kept (get_kept (), language))
    g_hash_table_insert (get_kept (), language, gtk_source_buffer_new_with_language (language));
  gtk_source_buffer_set_language (self->buffer, language);
  return G_SOURCE_REMOVE;
}

static void
highlight (RiposteCodeBlock *self, GtkSourceLanguage *language)
{
  g_clear_handle_id (&self->highlight, g_source_remove);
  if (!language || g_hash_table_contains (get_kept (), language))
    gtk_source_buffer_set_language (self->buffer, language);
  else
    self->highlight = g_idle_add_full (G_PRIORITY_LOW, on_idle, self, NULL);
}

static void
set_info (RiposteCodeBlock *self, const char *info)
{
  GtkSourceLanguage *language = *info ? riposte_source_guess_language (NULL, info) : NULL;

  g_free (self->info);
  self->info = g_strdup (info);
  highlight (self, language);
  if (language)
    gtk_label_set_label (self->language, gtk_source_language_get_name (language));
  else
    gtk_label_set_label (self->language, *info ? info : _ ("Code"));
}

/* Bytes that both begin with, up to a whole character. */
static gsize
common_prefix (const char *a, const char *b)
{
  gsize n = 0;

  while (a[n] && a[n] == b[n])
    n++;
  while (n > 0 && ((guchar)a[n] & 0xc0) == 0x80)
    n--;
  return n;
}

/* ---- much code ---- */

static void
on_scrolled (RiposteCodeBlock *self)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);

  self->follows = gtk_adjustment_get_value (adjustment) + gtk_adjustment_get_page_size (adjustment)
                  >= gtk_adjustment_get_upper (adjustment) - 24;
}

static void
on_grown (RiposteCodeBlock *self)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);

  if (self->follows && self->grows)
    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment));
}

static gboolean
has_many_lines (const char *text)
{
  for (guint n = 1; (text = strchr (text, '\n')); text++)
    if (++n > RIPOSTE_MAX_CODE_LINES)
      return TRUE;
  return FALSE;
}

/* A text view draws, and lays out, all of the height that it is given: of thousands of lines that takes seconds. */
static void
limit_height (RiposteCodeBlock *self)
{
  GtkPolicyType horizontal, vertical;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);

  gtk_scrolled_window_get_policy (self->scroller, &horizontal, &vertical);
  if (vertical != GTK_POLICY_NEVER || !has_many_lines (self->shown))
    return;
  gtk_scrolled_window_set_policy (self->scroller, horizontal, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_max_content_height (self->scroller, MAX_HEIGHT);
  gtk_scrolled_window_set_min_content_height (self->scroller, MAX_HEIGHT);
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adjustment, "changed", G_CALLBACK (on_grown), self, G_CONNECT_SWAPPED);
}

/* Makes the buffer have it, from where it differs from what was shown. */
static void
show (RiposteCodeBlock *self, const char *shown)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  gsize n_inserted = strlen (self->shown) - riposte_gradual_text_stop (GTK_TEXT_VIEW (self->view));
  gsize kept = MIN (common_prefix (self->shown, shown), n_inserted);
  GtkTextIter start, end;

  self->grows = kept > 0; /* else it is there at once, and read from its beginning */
  if (kept < n_inserted)
    {
      gtk_text_buffer_get_iter_at_offset (buffer, &start, (int)g_utf8_strlen (self->shown, (gssize)kept));
      gtk_text_buffer_get_end_iter (buffer, &end);
      gtk_text_buffer_delete (buffer, &start, &end);
    }
  g_free (self->shown);
  self->shown = g_strdup (shown);
  limit_height (self);
  riposte_gradual_text_add (GTK_TEXT_VIEW (self->view), shown + kept);
}

void
riposte_code_block_set (RiposteCodeBlock *self, const char *code, const char *info)
{
  g_autofree char *broken = riposte_break_lines (code);

  if (strcmp (self->info, info) != 0 || !*gtk_label_get_label (self->language))
    set_info (self, info);
  show (self, broken ? broken : code);
  g_free (self->code);
  self->code = g_strdup (code);
}
