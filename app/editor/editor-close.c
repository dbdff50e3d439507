/* Closing pages, with the question of what was not saved. */
#include "riposte-editor-private.h"

#include "save-changes.h"

typedef struct
{
  RiposteEditor *self;
  AdwTabPage *tab;
} Closing;

static void
on_changes_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Closing *closing = user_data;
  g_autoptr (RiposteEditor) self = closing->self;
  g_autoptr (AdwTabPage) tab = closing->tab;
  gboolean close = riposte_save_changes_finish (result, NULL);

  if (self->tab_view)
    adw_tab_view_close_page_finish (self->tab_view, tab, close);
}

static GtkWindow *
get_window (RiposteEditor *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

gboolean
riposte_editor_on_close_page (AdwTabView *view, AdwTabPage *tab, RiposteEditor *self)
{
  if (self->discarding || !is_modified (tab))
    {
      adw_tab_view_close_page_finish (view, tab, TRUE);
      return GDK_EVENT_STOP;
    }
  g_autoptr (GPtrArray) pages = g_ptr_array_new ();
  Closing *closing = g_new (Closing, 1);
  closing->self = g_object_ref (self);
  closing->tab = g_object_ref (tab);
  g_ptr_array_add (pages, page_of_tab (tab));
  adw_tab_view_set_selected_page (view, tab);
  riposte_save_changes_async (get_window (self), pages, on_changes_saved, closing);
  return GDK_EVENT_STOP;
}

/* What was not saved now is given up; what is open is kept before it goes. */
static void
close_pages (RiposteEditor *self)
{
  self->discarding = TRUE;
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    gtk_text_buffer_set_modified (GTK_TEXT_BUFFER (document_of_tab (adw_tab_view_get_nth_page (self->tab_view, i))),
                                  FALSE);
  g_signal_emit_by_name (self, "closing");
  while (adw_tab_view_get_n_pages (self->tab_view) > 0)
    adw_tab_view_close_page (self->tab_view, adw_tab_view_get_nth_page (self->tab_view, 0));
  self->discarding = FALSE;
}

static void
on_all_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!riposte_save_changes_finish (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  close_pages (g_task_get_source_object (task));
  g_task_return_boolean (task, TRUE);
}

void
riposte_editor_close_all_async (RiposteEditor *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GPtrArray) pages = g_ptr_array_new ();

  g_return_if_fail (RIPOSTE_IS_EDITOR (self));

  g_task_set_source_tag (task, riposte_editor_close_all_async);
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tab_view, i);
      if (is_modified (tab))
        g_ptr_array_add (pages, page_of_tab (tab));
    }
  if (pages->len > 0)
    {
      riposte_save_changes_async (get_window (self), pages, on_all_saved, g_steal_pointer (&task));
      return;
    }
  close_pages (self);
  g_task_return_boolean (task, TRUE);
}

gboolean
riposte_editor_close_all_finish (RiposteEditor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
