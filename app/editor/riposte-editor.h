/* The editor pane: files in tabs. Main thread. */
#pragma once

#include "ghost-text.h"
#include "riposte-document.h"

#include <adwaita.h>
#include <gtksourceview/gtksource.h>

G_BEGIN_DECLS

/**
 * RiposteEditor:
 *
 * Actions, on the widget itself ("editor." and): new, open, save, save-as, save-all, close, find, replace, find-next,
 * find-previous, go-to-line, next-tab, previous-tab, complete, wrap-lines.
 *
 * Signal "complete" (RiposteGhostText): the user asks for what belongs at the caret; who listens fills it.
 *
 * Properties, all of them read-only: "modified" (a page is), "title", "file", "language", "has-selection" (of the
 * current page). "wrap-lines" (a boolean) and "code-menu" (a GMenuModel) can be written: what else can be done with code, for the menu of the file and
 * that of the text.
 */
#define RIPOSTE_TYPE_EDITOR (riposte_editor_get_type ())
G_DECLARE_FINAL_TYPE (RiposteEditor, riposte_editor, RIPOSTE, EDITOR, AdwBin)

GtkWidget *riposte_editor_new (void);

/* Opens @file in a page of its own, or goes to the page that has it. What fails is told in the page. */
void riposte_editor_open_file (RiposteEditor *self, GFile *file);

/**
 * riposte_editor_insert_code:
 * @code: UTF-8, as it stands in a Markdown fence
 * @language_hint: (nullable): the fence's language
 *
 * One undoable insertion at the caret of the current page, instead of its selection; a new page where there is none
 * that can be written. The caret goes behind it, and the view there.
 */
void riposte_editor_insert_code (RiposteEditor *self, const char *code, const char *language_hint);

/**
 * riposte_editor_apply_code:
 * @code: a file as it should be, or a part of one
 * @path: (nullable): which file, or the end of its name; NULL: that of the current page
 *
 * Shows what would change, and changes that as one step to undo if the user says so.
 * Returns: FALSE where there is no such page
 */
gboolean riposte_editor_apply_code (RiposteEditor *self, const char *code, const char *path);

/* Asks for a file, writes @code to it and opens it. @path (nullable) and @hint suggest its name. */
void riposte_editor_save_code (RiposteEditor *self, const char *code, const char *path, const char *hint);

/**
 * riposte_editor_close_all_async:
 *
 * Before quitting: asks about what was not saved, and closes all pages. Fails with G_IO_ERROR_CANCELLED where the user
 * wants to stay; nothing was closed then.
 */
void riposte_editor_close_all_async (RiposteEditor *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean riposte_editor_close_all_finish (RiposteEditor *self, GAsyncResult *result, GError **error);

/**
 * riposte_editor_dup_state:
 *
 * What is open, to be kept: files, carets, and texts that were not saved. The signal "state-changed" says that it is not
 * as it was; "closing", that riposte_editor_close_all_async() is about to close everything that is in it.
 *
 * Returns: (transfer full): not floating
 */
GVariant *riposte_editor_dup_state (RiposteEditor *self);

/**
 * riposte_editor_hold:
 *
 * Files that are opened from now on wait until riposte_editor_restore_state(), and stand behind those of the state.
 */
void riposte_editor_hold (RiposteEditor *self);
/* @state may be NULL, or anything else that is not a state. A file that cannot be read any more is left out; what was not
 * saved of it becomes an untitled document. The focus stays where it is. */
void riposte_editor_restore_state (RiposteEditor *self, GVariant *state);

gboolean riposte_editor_get_modified (RiposteEditor *self);
guint riposte_editor_get_n_pages (RiposteEditor *self);

/* (transfer full) (element-type RiposteDocument): those that could be loaded, the current one first. */
GPtrArray *riposte_editor_list_documents (RiposteEditor *self);

/* Of the current page; NULL where there is none. */
char *riposte_editor_dup_title (RiposteEditor *self);
GFile *riposte_editor_get_file (RiposteEditor *self);
GtkSourceLanguage *riposte_editor_get_language (RiposteEditor *self);
GtkSourceView *riposte_editor_get_view (RiposteEditor *self);
/* NULL where nothing is selected. */
char *riposte_editor_dup_selection (RiposteEditor *self);
char *riposte_editor_dup_text (RiposteEditor *self);

/**
 * RiposteEditorShortcut:
 * @action: with its prefix
 * @accelerator: as gtk_accelerator_parse() reads it
 * @title: to be translated with gettext
 * @everywhere: in the whole window; else only while the focus is in the editor
 */
typedef struct
{
  const char *action;
  const char *accelerator;
  const char *title;
  gboolean everywhere;
} RiposteEditorShortcut;

/* For the shortcuts window; the editor itself has them bound. */
const RiposteEditorShortcut *riposte_editor_get_shortcuts (gsize *n_shortcuts);

G_END_DECLS
