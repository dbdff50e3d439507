/* What is open, as it is kept between two starts: files, carets, and what was not saved. */
#include "riposte-editor-private.h"

/* For each page: address of its file, and which content of it the text is of; the text, where it is not saved; id of
 * the language; line and column of the caret. */
#define PAGE  "(msmsmsmsuu)"
#define STATE "(a" PAGE "u)"

/* A text with more characters is not kept: it would be written again with every second of typing. */
#define MAX_CHARS (8 * 1024 * 1024)

/* ---- to be kept ---- */

static void
get_caret (GtkTextBuffer *buffer, guint *line, guint *column)
{
  GtkTextIter caret;

  gtk_text_buffer_get_iter_at_mark (buffer, &caret, gtk_text_buffer_get_insert (buffer));
  *line = (guint)gtk_text_iter_get_line (&caret);
  *column = (guint)gtk_text_iter_get_line_offset (&caret);
}

static char *
dup_unsaved (GtkTextBuffer *buffer)
{
  GtkTextIter start, end;

  if (!gtk_text_buffer_get_modified (buffer) || gtk_text_buffer_get_char_count (buffer) > MAX_CHARS)
    return NULL;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

/* Returns: FALSE where there is nothing to come back to */
static gboolean
add_page (RiposteDocument *document, GVariantBuilder *pages)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (document);
  GtkSourceLanguage *language = gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document));
  GFile *file = riposte_document_get_file (document);
  g_autofree char *uri = file ? g_file_get_uri (file) : NULL;
  g_autofree char *text = riposte_document_get_busy (document) ? NULL : dup_unsaved (buffer);
  guint line, column;

  if (!uri && (!text || !*text))
    return FALSE;
  get_caret (buffer, &line, &column);
  g_variant_builder_add (pages, PAGE, uri, riposte_document_get_etag (document), text,
                         language ? gtk_source_language_get_id (language) : NULL, line, column);
  return TRUE;
}

GVariant *
riposte_editor_dup_state (RiposteEditor *self)
{
  AdwTabView *view = riposte_editor_get_tab_view (self);
  RiposteEditorPage *current = riposte_editor_get_page (self);
  g_auto (GVariantBuilder) pages = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a" PAGE));
  guint n_kept = 0, selected = 0;

  g_return_val_if_fail (RIPOSTE_IS_EDITOR (self), NULL);
  for (int i = 0; i < adw_tab_view_get_n_pages (view); i++)
    {
      RiposteEditorPage *page = RIPOSTE_EDITOR_PAGE (adw_tab_page_get_child (adw_tab_view_get_nth_page (view, i)));

      if (page == current)
        selected = n_kept;
      n_kept += add_page (riposte_editor_page_get_document (page), &pages);
    }
  return g_variant_ref_sink (g_variant_new (STATE, &pages, selected));
}

/* ---- and back ---- */

typedef struct
{
  RiposteEditor *editor;
  char *etag, *text; /* nullable */
  char *language;    /* nullable */
  guint line, column;
} Kept;

static void
kept_free (gpointer data, GClosure *closure)
{
  Kept *kept = data;

  g_free (kept->etag);
  g_free (kept->text);
  g_free (kept->language);
  g_free (kept);
}

static void
place_caret (RiposteEditorPage *page, const Kept *kept)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (riposte_editor_page_get_document (page));
  GtkTextIter caret;

  if (gtk_text_buffer_get_iter_at_line (buffer, &caret, (int)MIN (kept->line, G_MAXINT)))
    for (guint i = 0; i < kept->column && !gtk_text_iter_ends_line (&caret); i++)
      gtk_text_iter_forward_char (&caret);
  gtk_text_buffer_place_cursor (buffer, &caret);
  riposte_editor_page_show_caret (page);
}

static void
put_untitled (RiposteEditorPage *page, const Kept *kept)
{
  RiposteDocument *document = riposte_editor_page_get_document (page);

  if (kept->language)
    gtk_source_buffer_set_language (
      GTK_SOURCE_BUFFER (document),
      gtk_source_language_manager_get_language (gtk_source_language_manager_get_default (), kept->language));
  riposte_document_put_unsaved (document, kept->text, NULL);
  place_caret (page, kept);
}

/* A file that is there no more leaves its tab, but for what was not saved of it. */
static void
on_settled (RiposteEditorPage *page, Kept *kept)
{
  AdwTabView *view = riposte_editor_get_tab_view (kept->editor);

  g_signal_handlers_disconnect_matched (page, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, on_settled, NULL);
  if (!riposte_editor_page_has_failed (page))
    {
      if (kept->text)
        riposte_document_put_unsaved (riposte_editor_page_get_document (page), kept->text, kept->etag);
      place_caret (page, kept);
      return;
    }
  if (kept->text)
    put_untitled (riposte_editor_append_page (kept->editor), kept);
  adw_tab_view_close_page (view, adw_tab_view_get_page (view, GTK_WIDGET (page)));
}

static void
restore_page (RiposteEditor *self, GVariant *state)
{
  RiposteEditorPage *page = riposte_editor_append_page (self);
  Kept *kept = g_new0 (Kept, 1);
  g_autofree char *uri = NULL;
  g_autoptr (GFile) file = NULL;

  kept->editor = self;
  g_variant_get (state, PAGE, &uri, &kept->etag, &kept->text, &kept->language, &kept->line, &kept->column);
  if (!uri)
    {
      if (kept->text)
        put_untitled (page, kept);
      kept_free (kept, NULL);
      return;
    }
  file = g_file_new_for_uri (uri);
  g_signal_connect_data (page, "settled", G_CALLBACK (on_settled), kept, kept_free, 0);
  riposte_editor_page_load (page, file);
}

static void
restore_pages (RiposteEditor *self, GVariant *state)
{
  g_autoptr (GVariant) pages = NULL;
  AdwTabView *view = riposte_editor_get_tab_view (self);
  int before = adw_tab_view_get_n_pages (view);
  guint selected;

  g_variant_get (state, "(@a" PAGE "u)", &pages, &selected);
  for (gsize i = 0; i < g_variant_n_children (pages); i++)
    {
      g_autoptr (GVariant) page = g_variant_get_child_value (pages, i);
      restore_page (self, page);
    }
  if (!before && selected < (guint)adw_tab_view_get_n_pages (view))
    adw_tab_view_set_selected_page (view, adw_tab_view_get_nth_page (view, (int)selected));
}

void
riposte_editor_restore_state (RiposteEditor *self, GVariant *state)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR (self));
  if (state && g_variant_is_of_type (state, G_VARIANT_TYPE (STATE)))
    restore_pages (self, state);
  riposte_editor_let_go (self);
}
