#include "chat/chat-search.h"

#include "chat/day-group.h"
#include "chat/message.h"
#include "store/search.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define LIMIT 200

struct _RiposteChatSearch
{
  GtkBox parent;

  RiposteStore *store;
  GCancellable *cancellable; /* of the search that is under way */
  char **words;              /* of the last one */
  gboolean take_first;       /* of its results, as soon as there is one */

  GtkSearchBar *bar;
  GtkSearchEntry *entry;
  GtkStack *stack;
  AdwBin *content;
  GtkLabel *count;
  GtkListBox *results;
  AdwStatusPage *nothing;
};

G_DEFINE_FINAL_TYPE (RiposteChatSearch, riposte_chat_search, GTK_TYPE_BOX)

enum
{
  PROP_ACTIVE = 1,
  PROP_CONTENT,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];
static guint found_signal;

/* ---- a result ---- */

static void
mark (PangoAttrList *marks, const char *text, const char *word)
{
  gsize start, end = 0;

  while (riposte_search_find (text, word, end, &start, &end))
    {
      PangoAttribute *bold = pango_attr_weight_new (PANGO_WEIGHT_BOLD);

      bold->start_index = (guint)start;
      bold->end_index = (guint)end;
      pango_attr_list_insert (marks, bold);
    }
}

static GtkWidget *
add_label (GtkWidget *box, const char *text, char **words, int lines)
{
  g_autoptr (PangoAttrList) marks = pango_attr_list_new ();
  GtkWidget *label = gtk_label_new (text);

  for (; words && *words; words++)
    mark (marks, text, *words);
  gtk_label_set_attributes (GTK_LABEL (label), marks);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_wrap (GTK_LABEL (label), lines > 1);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_lines (GTK_LABEL (label), lines);
  gtk_box_append (GTK_BOX (box), label);
  return label;
}

static char *
describe_origin (const RiposteHit *hit)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (hit->created);
  g_autofree char *date = time ? g_date_time_format (time, "%x") : NULL;
  const char *kind = !hit->message ? _ ("Title") : hit->role == RIPOSTE_ROLE_USER ? _ ("Question") : _ ("Answer");

  /* Translators: where something was found ("Title", "Question", "Answer"), and its date */
  return g_strdup_printf (_ ("%s · %s"), kind, date ? date : "");
}

static const char *
get_title (const RiposteHit *hit)
{
  return hit->title && *hit->title ? hit->title : _ ("New Chat");
}

static GtkWidget *
create_row (RiposteChatSearch *self, const RiposteHit *hit)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  g_autofree char *origin = describe_origin (hit);
  /* Translators: for screen readers: the title of a chat, and words of it that were found */
  g_autofree char *name = g_strdup_printf (_ ("%s: %s"), get_title (hit), hit->message ? hit->excerpt : origin);

  gtk_widget_add_css_class (box, "result");
  add_label (box, hit->message ? hit->excerpt : get_title (hit), self->words, hit->message ? 3 : 1);
  gtk_widget_add_css_class (add_label (box, origin, NULL, 1), "caption");
  gtk_widget_add_css_class (gtk_widget_get_last_child (box), "dim-label");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (row), "conversation", g_strdup (hit->conversation), g_free);
  g_object_set_data_full (G_OBJECT (row), "message", g_strdup (hit->message), g_free);
  g_object_set_data_full (G_OBJECT (row), "title", g_strdup (get_title (hit)), g_free);
  return row;
}

/* The title of the conversation, above the first of its messages. */
static void
update_header (GtkListBoxRow *row, GtkListBoxRow *before, gpointer user_data)
{
  gboolean message = g_object_get_data (G_OBJECT (row), "message") != NULL;
  GtkWidget *header;

  if (!message
      || (before && g_object_get_data (G_OBJECT (before), "message")
          && g_strcmp0 (g_object_get_data (G_OBJECT (row), "conversation"),
                        g_object_get_data (G_OBJECT (before), "conversation"))
               == 0))
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  header = gtk_label_new (g_object_get_data (G_OBJECT (row), "title"));
  gtk_label_set_xalign (GTK_LABEL (header), 0);
  gtk_label_set_ellipsize (GTK_LABEL (header), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (header, "chat-group");
  gtk_list_box_row_set_header (row, header);
}

static void
on_row_activated (RiposteChatSearch *self, GtkListBoxRow *row)
{
  g_signal_emit (self, found_signal, 0, g_object_get_data (G_OBJECT (row), "conversation"),
                 g_object_get_data (G_OBJECT (row), "message"), self->words ? self->words[0] : NULL);
}

/* ---- searching ---- */

static void
clear (RiposteChatSearch *self)
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (self->results, 0)))
    gtk_list_box_remove (self->results, GTK_WIDGET (row));
}

/* @error (nullable): why that is not known. */
static void
show_nothing (RiposteChatSearch *self, const GError *error)
{
  g_autofree char *reason = error ? g_markup_escape_text (error->message, -1) : NULL;

  adw_status_page_set_title (self->nothing, error ? _ ("The Search Failed") : _ ("Nothing Found"));
  adw_status_page_set_description (self->nothing, reason ? reason : _ ("Try other words, or fewer."));
  gtk_stack_set_visible_child_name (self->stack, "nothing");
}

static void
show_hits (RiposteChatSearch *self, GPtrArray *hits)
{
  g_autofree char *count
    = hits->len < LIMIT
        ? g_strdup_printf (g_dngettext (NULL, "%u result", "%u results", hits->len), hits->len)
        : g_strdup_printf (g_dngettext (NULL, "The first %u result", "The first %u results", LIMIT), LIMIT);

  clear (self);
  for (guint i = 0; i < hits->len; i++)
    gtk_list_box_append (self->results, create_row (self, hits->pdata[i]));
  gtk_label_set_label (self->count, count);
  if (hits->len)
    gtk_stack_set_visible_child_name (self->stack, "results");
  else
    show_nothing (self, NULL);
  if (self->take_first && hits->len)
    on_row_activated (self, gtk_list_box_get_row_at_index (self->results, 0));
  self->take_first = FALSE;
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) hits = riposte_store_read_finish (RIPOSTE_STORE (source), result, &error);
  RiposteChatSearch *self = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* @self may be gone */
  if (hits)
    show_hits (self, hits);
  else
    show_nothing (self, error);
}

static void
search (RiposteChatSearch *self)
{
  const char *query = gtk_editable_get_text (GTK_EDITABLE (self->entry));

  self->take_first = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_strfreev (self->words);
  self->words = riposte_search_split (query);
  if (!self->words[0])
    {
      gtk_stack_set_visible_child_name (self->stack, "content");
      clear (self);
      return;
    }
  if (!self->store)
    return;
  self->cancellable = g_cancellable_new ();
  riposte_store_search_async (self->store, query, LIMIT, self->cancellable, on_searched, self);
}

static void
on_search_changed (RiposteChatSearch *self)
{
  if (!self->take_first) /* that one is for the same words */
    search (self);
}

/* Enter takes the first result, also of what was only just typed; Down goes to it. */
static void
on_entry_activate (RiposteChatSearch *self)
{
  search (self);
  self->take_first = TRUE;
}

static gboolean
on_entry_key (RiposteChatSearch *self, guint key)
{
  if (key != GDK_KEY_Down && key != GDK_KEY_KP_Down)
    return GDK_EVENT_PROPAGATE;
  return gtk_widget_child_focus (GTK_WIDGET (self->stack), GTK_DIR_TAB_FORWARD);
}

static gboolean
on_escape (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  RiposteChatSearch *self = RIPOSTE_CHAT_SEARCH (widget);

  if (!gtk_search_bar_get_search_mode (self->bar))
    return FALSE;
  gtk_search_bar_set_search_mode (self->bar, FALSE);
  return TRUE;
}

static void
on_mode_changed (RiposteChatSearch *self)
{
  if (!gtk_search_bar_get_search_mode (self->bar))
    {
      gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
      search (self); /* at once: the field says it later */
      gtk_widget_child_focus (GTK_WIDGET (self->content), GTK_DIR_TAB_FORWARD);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACTIVE]);
}

void
riposte_chat_search_start (RiposteChatSearch *self)
{
  gtk_search_bar_set_search_mode (self->bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  gtk_editable_select_region (GTK_EDITABLE (self->entry), 0, -1);
}

void
riposte_chat_search_set_store (RiposteChatSearch *self, RiposteStore *store)
{
  g_set_object (&self->store, store);
}

/* ---- object ---- */

static void
riposte_chat_search_init (RiposteChatSearch *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->bar, GTK_EDITABLE (self->entry));
  gtk_list_box_set_header_func (self->results, update_header, NULL, NULL);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_swapped (keys, "key-pressed", G_CALLBACK (on_entry_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self->entry), keys);
}

static void
riposte_chat_search_dispose (GObject *object)
{
  RiposteChatSearch *self = RIPOSTE_CHAT_SEARCH (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->store);
  g_clear_pointer (&self->words, g_strfreev);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_CHAT_SEARCH);
  G_OBJECT_CLASS (riposte_chat_search_parent_class)->dispose (object);
}

static void
riposte_chat_search_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteChatSearch *self = RIPOSTE_CHAT_SEARCH (object);

  if (id == PROP_ACTIVE)
    g_value_set_boolean (value, gtk_search_bar_get_search_mode (self->bar));
  else
    g_value_set_object (value, adw_bin_get_child (self->content));
}

static void
riposte_chat_search_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RiposteChatSearch *self = RIPOSTE_CHAT_SEARCH (object);

  if (id == PROP_CONTENT)
    adw_bin_set_child (self->content, g_value_get_object (value));
  else if (g_value_get_boolean (value) && !gtk_search_bar_get_search_mode (self->bar))
    riposte_chat_search_start (self);
  else
    gtk_search_bar_set_search_mode (self->bar, g_value_get_boolean (value));
}

static void
riposte_chat_search_class_init (RiposteChatSearchClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);
  GObjectClass *object = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object->dispose = riposte_chat_search_dispose;
  object->get_property = riposte_chat_search_get_property;
  object->set_property = riposte_chat_search_set_property;
  properties[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, FALSE, flags);
  properties[PROP_CONTENT] = g_param_spec_object ("content", NULL, NULL, GTK_TYPE_WIDGET, flags);
  g_object_class_install_properties (object, N_PROPS, properties);
  found_signal = g_signal_new ("found", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                               3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/chat-search.ui");
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, bar);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, entry);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, stack);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, content);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, count);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, results);
  gtk_widget_class_bind_template_child (widget, RiposteChatSearch, nothing);
  gtk_widget_class_bind_template_callback (widget, on_search_changed);
  gtk_widget_class_bind_template_callback (widget, on_entry_activate);
  gtk_widget_class_bind_template_callback (widget, on_row_activated);
  gtk_widget_class_bind_template_callback (widget, on_mode_changed);
  gtk_widget_class_add_binding (widget, GDK_KEY_Escape, 0, on_escape, NULL);
}
