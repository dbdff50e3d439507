#include "riposte-editor-private.h"

G_DEFINE_FINAL_TYPE (RiposteEditor, riposte_editor, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_CODE_MENU,
  PROP_FILE,
  PROP_HAS_SELECTION,
  PROP_LANGUAGE,
  PROP_MODIFIED,
  PROP_TITLE,
  PROP_WRAP_LINES,
  N_PROPS
};

enum
{
  COMPLETE,
  STATE_CHANGED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static RiposteDocument *
get_document (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_get_page (self);
  return page ? riposte_editor_page_get_document (page) : NULL;
}

AdwTabView *
riposte_editor_get_tab_view (RiposteEditor *self)
{
  return self->tab_view;
}

RiposteEditorPage *
riposte_editor_get_page (RiposteEditor *self)
{
  AdwTabPage *tab = self->tab_view ? adw_tab_view_get_selected_page (self->tab_view) : NULL;
  return tab ? page_of_tab (tab) : NULL;
}

/* ---- tabs ---- */

/* Everything that the tab says of its document. */
static void
update_tab (AdwTabPage *tab)
{
  RiposteDocument *document = document_of_tab (tab);
  GFile *file = riposte_document_get_file (document);
  g_autofree char *title = riposte_document_dup_title (document);
  g_autofree char *marked = g_strconcat ("• ", title, NULL);
  g_autofree char *name = file ? g_file_get_parse_name (file) : g_strdup (title);
  g_autofree char *tooltip = g_markup_escape_text (name, -1);

  adw_tab_page_set_title (tab, is_modified (tab) ? marked : title);
  adw_tab_page_set_tooltip (tab, tooltip);
  adw_tab_page_set_loading (tab, riposte_document_get_busy (document));
  adw_tab_page_set_needs_attention (tab, !adw_tab_page_get_selected (tab)
                                           && riposte_document_get_disk_state (document) != RIPOSTE_DISK_SAME);
}

static void
notify_current (RiposteEditor *self)
{
  static const int ids[] = { PROP_FILE, PROP_HAS_SELECTION, PROP_LANGUAGE, PROP_TITLE };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[ids[i]]);
}

static void
notify_selection (RiposteEditor *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_SELECTION]);
}

static void
notify_modified (RiposteEditor *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODIFIED]);
}

static void
emit_state (RiposteEditor *self)
{
  if (!self->discarding)
    g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static void
on_page_attached (AdwTabView *view, AdwTabPage *tab, int position, RiposteEditor *self)
{
  static const char *const names[] = { "notify::title", "notify::busy", "notify::disk-state", "modified-changed" };
  RiposteDocument *document = document_of_tab (tab);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_object (document, names[i], G_CALLBACK (update_tab), tab, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "modified-changed", G_CALLBACK (notify_modified), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "modified-changed", G_CALLBACK (emit_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "changed", G_CALLBACK (emit_state), self, G_CONNECT_SWAPPED);
  update_tab (tab);
  gtk_stack_set_visible_child_name (self->stack, "pages");
  emit_state (self);
}

static void
on_page_detached (AdwTabView *view, AdwTabPage *tab, int position, RiposteEditor *self)
{
  riposte_editor_page_cancel (page_of_tab (tab));
  g_signal_handlers_disconnect_by_data (document_of_tab (tab), tab);
  g_signal_handlers_disconnect_by_data (document_of_tab (tab), self);
  if (adw_tab_view_get_n_pages (view) == 0)
    gtk_stack_set_visible_child_name (self->stack, "empty");
  notify_modified (self);
  emit_state (self);
}

static void
allocate_again (RiposteEditor *self, GdkFrameClock *clock)
{
  g_signal_handlers_disconnect_by_func (clock, allocate_again, self);
  if (self->tab_view)
    gtk_widget_queue_allocate (gtk_widget_get_parent (GTK_WIDGET (self->tab_view)));
}

/* Where a page comes into view for the first time, and its lines are longer than the view is wide, GTK 4.8 leaves the
 * tab view to be allocated once more, tells nobody, and shows nothing of it ("without a current allocation"). So that
 * is asked for behind the layout, which is done again before the frame is painted. */
static void
ensure_allocation (RiposteEditor *self)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (self));

  if (clock)
    g_signal_connect_object (clock, "layout", G_CALLBACK (allocate_again), self, G_CONNECT_AFTER | G_CONNECT_SWAPPED);
}

static void
on_selected_page (RiposteEditor *self)
{
  ensure_allocation (self);
  g_signal_group_set_target (self->current, get_document (self));
  riposte_editor_enable_actions (self);
  if (riposte_editor_get_page (self))
    update_tab (adw_tab_view_get_selected_page (self->tab_view));
  notify_current (self);
  emit_state (self);
}

/* The smallest number that no untitled page has. */
static guint
free_number (RiposteEditor *self)
{
  guint number = 1;

  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view);)
    {
      RiposteDocument *document = document_of_tab (adw_tab_view_get_nth_page (self->tab_view, i++));
      if (!riposte_document_get_file (document) && riposte_document_get_number (document) == number)
        {
          number++;
          i = 0;
        }
    }
  return number;
}

RiposteEditorPage *
riposte_editor_append_page (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_page_new (free_number (self));

  if (self->code_menu)
    riposte_editor_page_add_menu (page, self->code_menu);
  riposte_editor_page_set_wrap_lines (page, self->wrap_lines);
  adw_tab_view_append (self->tab_view, GTK_WIDGET (page));
  return page;
}

RiposteEditorPage *
riposte_editor_add_page (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_append_page (self);

  adw_tab_view_set_selected_page (self->tab_view, adw_tab_view_get_page (self->tab_view, GTK_WIDGET (page)));
  gtk_widget_grab_focus (GTK_WIDGET (page));
  return page;
}

/* ---- code from answers ---- */

void
riposte_editor_insert_code (RiposteEditor *self, const char *code, const char *language_hint)
{
  g_return_if_fail (RIPOSTE_IS_EDITOR (self));
  g_return_if_fail (code != NULL);

  RiposteEditorPage *page = riposte_editor_get_page (self);
  if (!page || !riposte_editor_page_is_ready (page))
    page = riposte_editor_add_page (self);
  RiposteDocument *document = riposte_editor_page_get_document (page);
  GtkTextView *view = GTK_TEXT_VIEW (riposte_editor_page_get_view (page));
  riposte_document_insert_code (document, code, language_hint);
  riposte_editor_page_show_caret (page);
  gtk_widget_grab_focus (GTK_WIDGET (view));
}

/* ---- code at the caret ---- */

static void
end_ghost (RiposteEditor *self)
{
  if (self->ghost)
    riposte_ghost_text_end (self->ghost);
  g_clear_object (&self->ghost);
}

void
riposte_editor_begin_ghost (RiposteEditor *self, GtkTextView *view)
{
  end_ghost (self);
  self->ghost = riposte_ghost_text_new (view);
  g_signal_emit (self, signals[COMPLETE], 0, self->ghost);
}

/* ---- what is open ---- */

gboolean
riposte_editor_get_modified (RiposteEditor *self)
{
  g_return_val_if_fail (RIPOSTE_IS_EDITOR (self), FALSE);

  for (int i = 0; self->tab_view && i < adw_tab_view_get_n_pages (self->tab_view); i++)
    if (is_modified (adw_tab_view_get_nth_page (self->tab_view, i)))
      return TRUE;
  return FALSE;
}

guint
riposte_editor_get_n_pages (RiposteEditor *self)
{
  g_return_val_if_fail (RIPOSTE_IS_EDITOR (self), 0);
  return (guint)adw_tab_view_get_n_pages (self->tab_view);
}

GPtrArray *
riposte_editor_list_documents (RiposteEditor *self)
{
  GPtrArray *documents = g_ptr_array_new_with_free_func (g_object_unref);
  RiposteEditorPage *current = riposte_editor_get_page (self);

  for (int i = 0; self->tab_view && i < adw_tab_view_get_n_pages (self->tab_view); i++)
    {
      RiposteEditorPage *page = page_of_tab (adw_tab_view_get_nth_page (self->tab_view, i));

      if (riposte_editor_page_is_ready (page))
        g_ptr_array_insert (documents, page == current ? 0 : -1,
                            g_object_ref (riposte_editor_page_get_document (page)));
    }
  return documents;
}

char *
riposte_editor_dup_title (RiposteEditor *self)
{
  RiposteDocument *document = get_document (self);
  return document ? riposte_document_dup_title (document) : NULL;
}

GFile *
riposte_editor_get_file (RiposteEditor *self)
{
  RiposteDocument *document = get_document (self);
  return document ? riposte_document_get_file (document) : NULL;
}

GtkSourceLanguage *
riposte_editor_get_language (RiposteEditor *self)
{
  RiposteDocument *document = get_document (self);
  return document ? gtk_source_buffer_get_language (GTK_SOURCE_BUFFER (document)) : NULL;
}

GtkSourceView *
riposte_editor_get_view (RiposteEditor *self)
{
  RiposteEditorPage *page = riposte_editor_get_page (self);
  return page ? riposte_editor_page_get_view (page) : NULL;
}

char *
riposte_editor_dup_selection (RiposteEditor *self)
{
  GtkTextBuffer *buffer = (GtkTextBuffer *)get_document (self);
  GtkTextIter start, end;

  if (!buffer || !gtk_text_buffer_get_selection_bounds (buffer, &start, &end))
    return NULL;
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

char *
riposte_editor_dup_text (RiposteEditor *self)
{
  GtkTextBuffer *buffer = (GtkTextBuffer *)get_document (self);
  GtkTextIter start, end;

  if (!buffer)
    return NULL;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
}

/* ---- the object ---- */

GtkWidget *
riposte_editor_new (void)
{
  return g_object_new (RIPOSTE_TYPE_EDITOR, NULL);
}

static gboolean
riposte_editor_grab_focus (GtkWidget *widget)
{
  RiposteEditorPage *page = riposte_editor_get_page (RIPOSTE_EDITOR (widget));
  return gtk_widget_grab_focus (page ? GTK_WIDGET (page) : RIPOSTE_EDITOR (widget)->open_button);
}

static void
riposte_editor_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteEditor *self = RIPOSTE_EDITOR (object);
  RiposteDocument *document = get_document (self);

  switch (id)
    {
    case PROP_CODE_MENU:
      g_value_set_object (value, self->code_menu);
      break;
    case PROP_FILE:
      g_value_set_object (value, riposte_editor_get_file (self));
      break;
    case PROP_HAS_SELECTION:
      g_value_set_boolean (value, document && gtk_text_buffer_get_has_selection (GTK_TEXT_BUFFER (document)));
      break;
    case PROP_LANGUAGE:
      g_value_set_object (value, riposte_editor_get_language (self));
      break;
    case PROP_MODIFIED:
      g_value_set_boolean (value, riposte_editor_get_modified (self));
      break;
    case PROP_TITLE:
      g_value_take_string (value, riposte_editor_dup_title (self));
      break;
    case PROP_WRAP_LINES:
      g_value_set_boolean (value, self->wrap_lines);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_wrap_lines (RiposteEditor *self, gboolean wrap)
{
  if (self->wrap_lines == wrap)
    return;
  self->wrap_lines = wrap;
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tab_view); i++)
    riposte_editor_page_set_wrap_lines (page_of_tab (adw_tab_view_get_nth_page (self->tab_view, i)), wrap);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WRAP_LINES]);
}

static void
set_code_menu (RiposteEditor *self, GMenuModel *menu)
{
  g_return_if_fail (!self->code_menu && riposte_editor_get_n_pages (self) == 0);
  g_set_object (&self->code_menu, menu);
  g_menu_append_section (self->menu, NULL, self->code_menu);
}

static void
riposte_editor_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_CODE_MENU:
      set_code_menu (RIPOSTE_EDITOR (object), g_value_get_object (value));
      break;
    case PROP_WRAP_LINES:
      set_wrap_lines (RIPOSTE_EDITOR (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
riposte_editor_dispose (GObject *object)
{
  RiposteEditor *self = RIPOSTE_EDITOR (object);

  g_queue_clear_full (&self->opening, g_object_unref);
  g_clear_object (&self->current);
  g_clear_object (&self->code_menu);
  end_ghost (self);
  if (self->tab_view)
    g_signal_handlers_disconnect_by_data (self->tab_view, self);
  for (int i = 0; self->tab_view && i < adw_tab_view_get_n_pages (self->tab_view); i++)
    riposte_editor_page_cancel (page_of_tab (adw_tab_view_get_nth_page (self->tab_view, i)));
  G_OBJECT_CLASS (riposte_editor_parent_class)->dispose (object);
}

static void
load_styles (void)
{
  static gboolean loaded;
  g_autoptr (GtkCssProvider) provider = NULL;

  if (loaded)
    return;
  loaded = TRUE;
  provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, "/dev/riposte/Riposte/editor/editor.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
riposte_editor_class_init (RiposteEditorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = riposte_editor_dispose;
  object_class->get_property = riposte_editor_get_property;
  object_class->set_property = riposte_editor_set_property;
  widget_class->grab_focus = riposte_editor_grab_focus;

  properties[PROP_CODE_MENU]
    = g_param_spec_object ("code-menu", NULL, NULL, G_TYPE_MENU_MODEL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, flags);
  properties[PROP_HAS_SELECTION] = g_param_spec_boolean ("has-selection", NULL, NULL, FALSE, flags);
  properties[PROP_LANGUAGE] = g_param_spec_object ("language", NULL, NULL, GTK_SOURCE_TYPE_LANGUAGE, flags);
  properties[PROP_MODIFIED] = g_param_spec_boolean ("modified", NULL, NULL, FALSE, flags);
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_WRAP_LINES] = g_param_spec_boolean (
    "wrap-lines", NULL, NULL, TRUE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  g_signal_new ("closing", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[COMPLETE] = g_signal_new ("complete", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, RIPOSTE_TYPE_GHOST_TEXT);
  signals[STATE_CHANGED]
    = g_signal_new ("state-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, "/dev/riposte/Riposte/editor/riposte-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, RiposteEditor, stack);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditor, tab_bar);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditor, tab_view);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditor, open_button);
  gtk_widget_class_bind_template_child (widget_class, RiposteEditor, menu);
  gtk_widget_class_bind_template_callback (widget_class, riposte_editor_on_close_page);
  gtk_widget_class_bind_template_callback (widget_class, on_page_attached);
  gtk_widget_class_bind_template_callback (widget_class, on_page_detached);
  gtk_widget_class_bind_template_callback (widget_class, on_selected_page);
  riposte_editor_class_install_actions (widget_class);
  gtk_widget_class_install_property_action (widget_class, "editor.wrap-lines", "wrap-lines");
}

static void
riposte_editor_init (RiposteEditor *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  load_styles ();
  self->wrap_lines = TRUE;
  g_queue_init (&self->opening);
  self->current = g_signal_group_new (RIPOSTE_TYPE_DOCUMENT);
  g_signal_group_connect_swapped (self->current, "notify::title", G_CALLBACK (notify_current), self);
  g_signal_group_connect_swapped (self->current, "notify::language", G_CALLBACK (notify_current), self);
  g_signal_group_connect_swapped (self->current, "notify::has-selection", G_CALLBACK (notify_selection), self);
  gtk_widget_init_template (GTK_WIDGET (self));
  /* Before the text view takes the name of the file for text. */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (drop), GTK_PHASE_CAPTURE);
  g_signal_connect (drop, "drop", G_CALLBACK (riposte_editor_on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
  riposte_editor_add_shortcuts (self);
  riposte_editor_enable_actions (self);
}
