/* Files into pages: one after the other, and each once. */
#include "riposte-editor-private.h"

#include "file-probe.h"

static AdwTabPage *
find_tab (RiposteEditor *self, GFile *file)
{
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tab_view, i);
      if (riposte_document_is_file (document_of_tab (tab), file))
        return tab;
    }
  return NULL;
}

static void
open_resolved (RiposteEditor *self, GFile *file, GFile *real)
{
  AdwTabPage *tab = find_tab (self, file);
  RiposteEditorPage *page = riposte_editor_get_page (self);

  if (!tab && real)
    tab = find_tab (self, real);
  if (tab)
    {
      adw_tab_view_set_selected_page (self->tab_view, tab);
      page = page_of_tab (tab);
    }
  else
    {
      if (!page || !riposte_document_is_pristine (riposte_editor_page_get_document (page)))
        page = riposte_editor_add_page (self);
      riposte_editor_page_load (page, file);
    }
  gtk_widget_grab_focus (GTK_WIDGET (page));
}

static void resolve_next (RiposteEditor *self);

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteEditor) self = user_data;
  g_autoptr (GFile) real = riposte_file_resolve_finish (result, NULL);
  g_autoptr (GFile) file = g_queue_pop_head (&self->opening);

  self->resolving = FALSE;
  /* closed meanwhile */
  if (!file || !self->tab_view)
    return;
  open_resolved (self, file, real);
  resolve_next (self);
}

static void
resolve_next (RiposteEditor *self)
{
  GFile *file = g_queue_peek_head (&self->opening);

  if (!file || self->resolving || self->holding)
    return;
  self->resolving = TRUE;
  riposte_file_resolve_async (file, NULL, on_resolved, g_object_ref (self));
}

void
riposte_editor_open_file (RiposteEditor *self, GFile *file)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR (self));
  g_return_if_fail (G_IS_FILE (file));

  g_queue_push_tail (&self->opening, g_object_ref (file));
  resolve_next (self);
}

void
riposte_editor_hold (RiposteEditor *self)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR (self));
  self->holding = TRUE;
}

void
riposte_editor_let_go (RiposteEditor *self)
{
  self->holding = FALSE;
  resolve_next (self);
}

gboolean
riposte_editor_on_drop (GtkDropTarget *target, const GValue *value, double x, double y, RiposteEditor *self)
{
  for (GSList *item = g_value_get_boxed (value); item; item = item->next)
    riposte_editor_open_file (self, item->data);
  return TRUE;
}
