/* Three panes where there is room, two, or one: libadwaita 1.2 has no breakpoints, so the width of the surface decides,
 * before a frame is laid out. */
#include "window-private.h"

#include "settings.h"

/* pixels */
#define WIDTH_FOR_CHATS 1000 /* beside the chat and the editor; without the editor, less */
#define WIDTH_FOR_TWO   720
#define CHATS_WIDTH     240

static gboolean
wants_fold (RiposteWindow *self)
{
  return self->width < (self->show_editor ? WIDTH_FOR_CHATS : WIDTH_FOR_TWO);
}

static void
set_toggle (RiposteWindow *self, const char *name, gboolean state)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);

  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_boolean (state));
}

/* Window buttons belong to what is at the window's edges. */
static void
update_headers (RiposteWindow *self)
{
  gboolean chats = adw_flap_get_reveal_flap (self->flap) && !self->folded;
  gboolean chat = gtk_widget_get_visible (self->chat_box);
  gboolean editor = gtk_widget_get_visible (self->editor_box);

  adw_header_bar_set_show_start_title_buttons (self->chat_header, !chats);
  adw_header_bar_set_show_end_title_buttons (self->chat_header, !editor);
  adw_header_bar_set_show_start_title_buttons (self->editor_header, !chat && !chats);
  adw_header_bar_set_show_end_title_buttons (self->editor_header, editor);
}

void
riposte_window_update_layout (RiposteWindow *self)
{
  gboolean fold = wants_fold (self);

  self->single = self->width < WIDTH_FOR_TWO;
  if (self->single)
    gtk_widget_add_css_class (GTK_WIDGET (self), "narrow");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "narrow");
  gtk_widget_set_visible (self->editor_box, self->show_editor);
  gtk_widget_set_visible (self->chat_box, !self->show_editor || !self->single);
  gtk_widget_set_visible (self->back, self->single);
  if (fold != self->folded)
    {
      self->folded = fold;
      adw_flap_set_fold_policy (self->flap, fold ? ADW_FLAP_FOLD_POLICY_ALWAYS : ADW_FLAP_FOLD_POLICY_NEVER);
      adw_flap_set_swipe_to_close (self->flap, fold);
      adw_flap_set_reveal_flap (self->flap, !fold);
    }
  update_headers (self);
  set_toggle (self, "show-editor", self->show_editor);
  set_toggle (self, "show-chats", adw_flap_get_reveal_flap (self->flap));
}

void
riposte_window_show_editor (RiposteWindow *self, gboolean show)
{
  self->show_editor = show;
  riposte_window_update_layout (self);
  if (show)
    gtk_widget_child_focus (GTK_WIDGET (self->editor), GTK_DIR_TAB_FORWARD);
  else
    riposte_chat_pane_focus_composer (self->chat);
}

void
riposte_window_show_chat (RiposteWindow *self)
{
  if (self->folded)
    adw_flap_set_reveal_flap (self->flap, FALSE);
  if (self->single && self->show_editor)
    self->show_editor = FALSE;
  riposte_window_update_layout (self);
}

/* Of the chats, the chat and the editor, the next (@by 1) or previous (-1) one that is seen gets the focus. */
void
riposte_window_move_pane (RiposteWindow *self, int by)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));
  GtkWidget *const panes[] = { adw_flap_get_flap (self->flap), self->chat_box, self->editor_box };
  const gboolean seen[] = { adw_flap_get_reveal_flap (self->flap), gtk_widget_get_visible (self->chat_box),
                            gtk_widget_get_visible (self->editor_box) };
  const int n = G_N_ELEMENTS (panes);
  int at = 0;

  while (at < n - 1 && !(focus && gtk_widget_is_ancestor (focus, panes[at])))
    at++;
  do
    at = (at + by + n) % n;
  while (!seen[at]);
  if (panes[at] == self->chat_box)
    riposte_chat_pane_focus_composer (self->chat);
  else
    gtk_widget_child_focus (GTK_WIDGET (at == 0 ? (gpointer)self->search : self->editor), GTK_DIR_TAB_FORWARD);
}

static void
on_surface_layout (RiposteWindow *self, int width)
{
  if (width == self->width && (self->divided || self->single))
    return;
  /* a narrow window begins with the chat */
  if (self->width >= WIDTH_FOR_TWO && width < WIDTH_FOR_TWO)
    self->show_editor = FALSE;
  self->width = width;
  riposte_window_update_layout (self);
  if (!self->divided && !self->single)
    {
      self->divided = TRUE;
      gtk_paned_set_position (self->paned, (width - (self->folded ? 0 : CHATS_WIDTH)) * 11 / 20);
    }
}

static void
on_realize (RiposteWindow *self)
{
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (self));

  g_signal_connect_object (surface, "layout", G_CALLBACK (on_surface_layout), self, G_CONNECT_SWAPPED);
}

static void
on_reveal_flap (RiposteWindow *self)
{
  set_toggle (self, "show-chats", adw_flap_get_reveal_flap (self->flap));
  update_headers (self);
}

void
riposte_window_set_up_layout (RiposteWindow *self)
{
  int height;

  gtk_window_get_default_size (GTK_WINDOW (self), &self->width, &height);
  self->show_editor = self->width >= WIDTH_FOR_TWO && riposte_settings_get_show_editor ();
  g_object_get (self->paned, "position-set", &self->divided, NULL); /* as it was left the last time */
  g_signal_connect (self, "realize", G_CALLBACK (on_realize), NULL);
  g_signal_connect_object (self->flap, "notify::reveal-flap", G_CALLBACK (on_reveal_flap), self, G_CONNECT_SWAPPED);
  riposte_window_update_layout (self);
}
