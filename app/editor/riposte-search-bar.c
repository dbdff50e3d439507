#include "riposte-search-bar.h"

#include <glib/gi18n.h>

struct _RiposteSearchBar
{
  AdwBin parent_instance;

  GtkRevealer *revealer;
  GtkSearchEntry *entry;
  GtkLabel *count;
  GtkToggleButton *replace_mode;
  GtkEntry *replacement;

  GtkSourceView *view;
  GtkSourceSearchSettings *settings;
  GtkSourceSearchContext *context;
  GSimpleActionGroup *actions;
  GCancellable *search;  /* under way; a new one takes its place */
  GtkTextMark *anchor;   /* where typing searches from */
  GtkTextBuffer *buffer; /* that the anchor is in */
  guint update;          /* of the count, when all has settled: asking for it moves marks of its own */
};

G_DEFINE_FINAL_TYPE (RiposteSearchBar, riposte_search_bar, ADW_TYPE_BIN)

static void
enable_actions (RiposteSearchBar *self)
{
  static const char *const names[] = { "previous", "next", "replace", "replace-all" };
  gboolean any = self->context && gtk_source_search_context_get_occurrences_count (self->context) != 0
                 && gtk_source_search_settings_get_search_text (self->settings);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), names[i]);
      gboolean writes = i >= 2;
      g_simple_action_set_enabled (G_SIMPLE_ACTION (action),
                                   any && (!writes || gtk_text_view_get_editable (GTK_TEXT_VIEW (self->view))));
    }
}

static char *
describe_matches (RiposteSearchBar *self)
{
  GtkTextIter start, end;
  int total = gtk_source_search_context_get_occurrences_count (self->context);

  gtk_text_buffer_get_selection_bounds (self->buffer, &start, &end);
  int position = gtk_source_search_context_get_occurrence_position (self->context, &start, &end);
  if (!gtk_source_search_settings_get_search_text (self->settings) || total < 0)
    return NULL;
  if (total == 0)
    return g_strdup (_ ("No matches"));
  if (position <= 0)
    return g_strdup_printf (ngettext ("%d match", "%d matches", total), total);
  /* Translators: which of how many matches is selected */
  return g_strdup_printf (_ ("%d of %d"), position, total);
}

static void
update_count (RiposteSearchBar *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->context || !gtk_revealer_get_reveal_child (self->revealer))
    return;
  error = gtk_source_search_context_get_regex_error (self->context);
  g_autofree char *text = error ? g_strdup (_ ("Invalid expression")) : describe_matches (self);
  gtk_label_set_text (self->count, text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->count), text != NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->count), error ? error->message : NULL);
  gboolean wrong = error || gtk_source_search_context_get_occurrences_count (self->context) == 0;
  if (wrong && gtk_source_search_settings_get_search_text (self->settings))
    gtk_widget_add_css_class (GTK_WIDGET (self->entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->entry), "error");
  enable_actions (self);
}

static gboolean
on_update (gpointer user_data)
{
  RiposteSearchBar *self = user_data;

  self->update = 0;
  update_count (self);
  return G_SOURCE_REMOVE;
}

static void
queue_update (RiposteSearchBar *self)
{
  if (!self->update && gtk_revealer_get_reveal_child (self->revealer))
    self->update = g_idle_add (on_update, self);
}

static void
on_mark_set (RiposteSearchBar *self, const GtkTextIter *place, GtkTextMark *mark)
{
  if (mark == gtk_text_buffer_get_insert (self->buffer) || mark == gtk_text_buffer_get_selection_bound (self->buffer))
    queue_update (self);
}

/* ---- moving ---- */

typedef gboolean (
  *SearchFinish) (GtkSourceSearchContext *, GAsyncResult *, GtkTextIter *, GtkTextIter *, gboolean *, GError **);

static void
show_match (RiposteSearchBar *self, GAsyncResult *result, SearchFinish finish)
{
  GtkTextIter start, end;

  if (!finish (self->context, result, &start, &end, NULL, NULL))
    return;
  gtk_text_buffer_select_range (self->buffer, &start, &end);
  gtk_text_view_scroll_to_mark (GTK_TEXT_VIEW (self->view), gtk_text_buffer_get_insert (self->buffer), 0.15, FALSE, 0,
                                0);
}

static void
on_found_forward (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteSearchBar) self = user_data;
  if (self->context == GTK_SOURCE_SEARCH_CONTEXT (source))
    show_match (self, result, gtk_source_search_context_forward_finish);
}

static void
on_found_backward (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RiposteSearchBar) self = user_data;
  if (self->context == GTK_SOURCE_SEARCH_CONTEXT (source))
    show_match (self, result, gtk_source_search_context_backward_finish);
}

static void
search_from (RiposteSearchBar *self, const GtkTextIter *from, gboolean forward)
{
  g_cancellable_cancel (self->search);
  g_clear_object (&self->search);
  self->search = g_cancellable_new ();
  if (forward)
    gtk_source_search_context_forward_async (self->context, from, self->search, on_found_forward, g_object_ref (self));
  else
    gtk_source_search_context_backward_async (self->context, from, self->search, on_found_backward,
                                              g_object_ref (self));
}

void
riposte_search_bar_move (RiposteSearchBar *self, gboolean forward)
{
  GtkTextIter start, end;

  g_return_if_fail (RIPOSTE_IS_SEARCH_BAR (self));
  if (!self->context)
    return;
  gtk_text_buffer_get_selection_bounds (self->buffer, &start, &end);
  gtk_text_buffer_move_mark (self->buffer, self->anchor, forward ? &end : &start);
  search_from (self, forward ? &end : &start, forward);
}

static void
on_search_changed (RiposteSearchBar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  GtkTextIter from;

  if (!self->context)
    return;
  if (gtk_source_search_settings_get_regex_enabled (self->settings))
    gtk_source_search_settings_set_search_text (self->settings, text);
  else
    {
      g_autofree char *plain = gtk_source_utils_unescape_search_text (text);
      gtk_source_search_settings_set_search_text (self->settings, plain);
    }
  queue_update (self);
  gtk_text_buffer_get_iter_at_mark (self->buffer, &from, self->anchor);
  if (text[0] != '\0')
    search_from (self, &from, TRUE);
}

static void
on_activate (RiposteSearchBar *self)
{
  riposte_search_bar_move (self, TRUE);
}

static void
on_previous (RiposteSearchBar *self)
{
  riposte_search_bar_move (self, FALSE);
}

static gboolean
on_key (RiposteSearchBar *self, guint key, guint code, GdkModifierType state)
{
  if ((key == GDK_KEY_Return || key == GDK_KEY_KP_Enter) && (state & GDK_SHIFT_MASK))
    {
      on_previous (self);
      return TRUE;
    }
  if (key == GDK_KEY_Escape)
    {
      riposte_search_bar_close (self);
      return TRUE;
    }
  return FALSE;
}

/* ---- replacing ---- */

static char *
dup_replacement (RiposteSearchBar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->replacement));

  return gtk_source_search_settings_get_regex_enabled (self->settings) ? g_strdup (text)
                                                                       : gtk_source_utils_unescape_search_text (text);
}

/* A bad reference in the replacement of a regular expression. */
static void
show_replacement_error (RiposteSearchBar *self, const GError *error)
{
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->replacement), error ? error->message : NULL);
  if (error)
    gtk_widget_add_css_class (GTK_WIDGET (self->replacement), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->replacement), "error");
}

static void
on_replace (RiposteSearchBar *self)
{
  GtkTextIter start, end;
  g_autoptr (GError) error = NULL;

  if (!self->context || !gtk_text_view_get_editable (GTK_TEXT_VIEW (self->view)))
    return;
  gtk_text_buffer_get_selection_bounds (self->buffer, &start, &end);
  g_autofree char *text = dup_replacement (self);
  gtk_text_buffer_begin_user_action (self->buffer);
  gboolean replaced = gtk_source_search_context_replace (self->context, &start, &end, text, -1, &error);
  gtk_text_buffer_end_user_action (self->buffer);
  if (replaced)
    gtk_text_buffer_place_cursor (self->buffer, &end);
  show_replacement_error (self, error);
  if (!error)
    riposte_search_bar_move (self, TRUE);
}

static void
on_replace_all (RiposteSearchBar *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->context || !gtk_text_view_get_editable (GTK_TEXT_VIEW (self->view)))
    return;
  g_autofree char *text = dup_replacement (self);
  gtk_source_search_context_replace_all (self->context, text, -1, &error);
  show_replacement_error (self, error);
  queue_update (self);
}

static void
on_action (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  static const struct
  {
    const char *name;
    void (*run) (RiposteSearchBar *);
  } rows[] = {
    { "next", on_activate },
    { "previous", on_previous },
    { "replace", on_replace },
    { "replace-all", on_replace_all },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, g_action_get_name (G_ACTION (action))))
      rows[i].run (user_data);
}

/* ---- open and closed ---- */

void
riposte_search_bar_attach (RiposteSearchBar *self, GtkSourceView *view)
{
  g_return_if_fail (RIPOSTE_IS_SEARCH_BAR (self));
  g_return_if_fail (GTK_SOURCE_IS_VIEW (view) && !self->view);

  self->view = view;
  self->buffer = g_object_ref (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)));
}

/* Made when first needed: a context looks at every change of its buffer. */
static void
ensure_context (RiposteSearchBar *self)
{
  GtkTextIter caret;

  if (self->context)
    return;
  self->context = gtk_source_search_context_new (GTK_SOURCE_BUFFER (self->buffer), self->settings);
  gtk_text_buffer_get_iter_at_mark (self->buffer, &caret, gtk_text_buffer_get_insert (self->buffer));
  self->anchor = gtk_text_buffer_create_mark (self->buffer, NULL, &caret, TRUE);
  g_signal_connect_object (self->context, "notify::occurrences-count", G_CALLBACK (queue_update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->context, "notify::regex-error", G_CALLBACK (queue_update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->buffer, "mark-set", G_CALLBACK (on_mark_set), self, G_CONNECT_SWAPPED);
}

void
riposte_search_bar_open (RiposteSearchBar *self, gboolean replace)
{
  GtkTextIter start, end;

  g_return_if_fail (RIPOSTE_IS_SEARCH_BAR (self));

  ensure_context (self);
  gtk_source_search_context_set_highlight (self->context, TRUE);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->revealer), TRUE);
  if (replace)
    gtk_toggle_button_set_active (self->replace_mode, TRUE);

  gboolean selected = gtk_text_buffer_get_selection_bounds (self->buffer, &start, &end);
  gtk_text_buffer_move_mark (self->buffer, self->anchor, &start);
  if (selected && gtk_text_iter_get_line (&start) == gtk_text_iter_get_line (&end))
    {
      g_autofree char *text = gtk_text_buffer_get_text (self->buffer, &start, &end, TRUE);
      g_autofree char *escaped = gtk_source_search_settings_get_regex_enabled (self->settings)
                                   ? g_regex_escape_string (text, -1)
                                   : gtk_source_utils_escape_search_text (text);
      gtk_editable_set_text (GTK_EDITABLE (self->entry), escaped);
    }
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  on_search_changed (self);
}

void
riposte_search_bar_close (RiposteSearchBar *self)
{
  g_return_if_fail (RIPOSTE_IS_SEARCH_BAR (self));

  g_cancellable_cancel (self->search);
  if (self->context)
    gtk_source_search_context_set_highlight (self->context, FALSE);
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  gtk_toggle_button_set_active (self->replace_mode, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

/* What is folded away must not take the focus of Tab. */
static void
on_revealed (RiposteSearchBar *self)
{
  if (!gtk_revealer_get_child_revealed (self->revealer) && !gtk_revealer_get_reveal_child (self->revealer))
    gtk_widget_set_visible (GTK_WIDGET (self->revealer), FALSE);
}

static void
riposte_search_bar_dispose (GObject *object)
{
  RiposteSearchBar *self = RIPOSTE_SEARCH_BAR (object);

  g_clear_handle_id (&self->update, g_source_remove);
  g_cancellable_cancel (self->search);
  g_clear_object (&self->search);
  g_clear_object (&self->context);
  if (self->anchor)
    gtk_text_buffer_delete_mark (self->buffer, self->anchor);
  self->anchor = NULL;
  g_clear_object (&self->buffer);
  g_clear_object (&self->settings);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (riposte_search_bar_parent_class)->dispose (object);
}

static void
riposte_search_bar_class_init (RiposteSearchBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_search_bar_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/dev/riposte/Riposte/editor/riposte-search-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, RiposteSearchBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, RiposteSearchBar, entry);
  gtk_widget_class_bind_template_child (widget_class, RiposteSearchBar, count);
  gtk_widget_class_bind_template_child (widget_class, RiposteSearchBar, replace_mode);
  gtk_widget_class_bind_template_child (widget_class, RiposteSearchBar, replacement);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_previous);
  gtk_widget_class_bind_template_callback (widget_class, on_replace);
  gtk_widget_class_bind_template_callback (widget_class, riposte_search_bar_close);
}

static void
riposte_search_bar_init (RiposteSearchBar *self)
{
  static const GActionEntry entries[] = {
    { .name = "next", .activate = on_action },
    { .name = "previous", .activate = on_action },
    { .name = "replace", .activate = on_action },
    { .name = "replace-all", .activate = on_action },
  };
  static const char *const options[] = { "case-sensitive", "at-word-boundaries", "regex-enabled" };

  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = gtk_source_search_settings_new ();
  gtk_source_search_settings_set_wrap_around (self->settings, TRUE);
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (GPropertyAction) action = g_property_action_new (options[i], self->settings, options[i]);
      g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "search", G_ACTION_GROUP (self->actions));
  enable_actions (self);

  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  gtk_widget_set_visible (GTK_WIDGET (self->revealer), FALSE);
  g_signal_connect_swapped (self->revealer, "notify::child-revealed", G_CALLBACK (on_revealed), self);
  g_signal_connect_object (self->settings, "notify::regex-enabled", G_CALLBACK (on_search_changed), self,
                           G_CONNECT_SWAPPED);
}
