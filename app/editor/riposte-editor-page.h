/* One tab of the editor: a document, the view of it, and what is to be said about it. */
#pragma once

#include "riposte-document.h"
#include "riposte-search-bar.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define RIPOSTE_TYPE_EDITOR_PAGE (riposte_editor_page_get_type ())
G_DECLARE_FINAL_TYPE (RiposteEditorPage, riposte_editor_page, RIPOSTE, EDITOR_PAGE, AdwBin)

RiposteEditorPage *riposte_editor_page_new (guint number);

RiposteDocument *riposte_editor_page_get_document (RiposteEditorPage *self);
GtkSourceView *riposte_editor_page_get_view (RiposteEditorPage *self);
RiposteSearchBar *riposte_editor_page_get_search_bar (RiposteEditorPage *self);
/* Its file could not be loaded; the page says why, and there is no text to save. */
gboolean riposte_editor_page_has_failed (RiposteEditorPage *self);
/* Neither loading, saving nor failed: the text may be changed. */
gboolean riposte_editor_page_is_ready (RiposteEditorPage *self);

void riposte_editor_page_load (RiposteEditorPage *self, GFile *file);
/* Gives up loading; for a page that is closed. */
void riposte_editor_page_cancel (RiposteEditorPage *self);
/* As soon as it has a place. */
void riposte_editor_page_show_caret (RiposteEditorPage *self);
/* Asks for the line in a popover. */
void riposte_editor_page_ask_line (RiposteEditorPage *self);
/* @line and @column count from 1; what is out of range goes to the nearest. */
void riposte_editor_page_go_to (RiposteEditorPage *self, int line, int column);

/**
 * riposte_editor_page_save_async:
 * @ask_name: ask for the file even where there is one
 *
 * Asks for what has to be asked: the file, whether to overwrite what changed on disk, whether to go over to UTF-8.
 * Fails with G_IO_ERROR_CANCELLED where the user did not want to go on; any other failure was shown.
 */
void riposte_editor_page_save_async (RiposteEditorPage *self,
                                     gboolean ask_name,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean riposte_editor_page_save_finish (RiposteEditorPage *self, GAsyncResult *result, GError **error);

/* A sentence for what went wrong with a file. */
char *riposte_file_error_describe (const GError *error);

void riposte_editor_page_set_wrap_lines (RiposteEditorPage *self, gboolean wrap);
/* For the menu of its text. */
void riposte_editor_page_add_menu (RiposteEditorPage *self, GMenuModel *menu);

G_END_DECLS
