#include "chat/transcript.h"

#include "chat/message-view.h"

/* Widgets are made for so many messages from the end, and for as many more each time the reader asks. */
#define PAGE 40
/* Nearer to the end than this, in pixels, is at the end. */
#define NEAR 32

struct _RiposteTranscript
{
  AdwBin parent;

  RiposteConversation *conversation;
  guint first;        /* message that has the first widget */
  gboolean following; /* the end */

  GtkScrolledWindow *scroller;
  GtkBox *messages;
  GtkButton *earlier;
  GtkRevealer *jump;
};

G_DEFINE_FINAL_TYPE (RiposteTranscript, riposte_transcript, ADW_TYPE_BIN)

/* ---- scrolling ---- */

static GtkAdjustment *
get_adjustment (RiposteTranscript *self)
{
  return gtk_scrolled_window_get_vadjustment (self->scroller);
}

static double
get_distance_from_end (RiposteTranscript *self)
{
  GtkAdjustment *adjustment = get_adjustment (self);

  return gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment)
         - gtk_adjustment_get_value (adjustment);
}

static void
update_jump (RiposteTranscript *self)
{
  gtk_revealer_set_reveal_child (self->jump, !self->following && get_distance_from_end (self) > NEAR);
  gtk_widget_set_can_target (GTK_WIDGET (self->jump), gtk_revealer_get_reveal_child (self->jump));
}

static void
scroll_to_end (RiposteTranscript *self)
{
  GtkAdjustment *adjustment = get_adjustment (self);

  self->following = TRUE;
  gtk_adjustment_set_value (adjustment,
                            gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment));
  update_jump (self);
}

/* The content grew or shrank. */
static void
on_bounds_changed (RiposteTranscript *self)
{
  if (self->following)
    scroll_to_end (self);
  else
    update_jump (self);
}

/* The reader scrolled, or what is above did it for them. */
static void
on_value_changed (RiposteTranscript *self)
{
  self->following = get_distance_from_end (self) <= NEAR;
  update_jump (self);
}

static void
on_jump (RiposteTranscript *self)
{
  scroll_to_end (self);
}

/* ---- messages ---- */

static GtkWidget *
nth_view (RiposteTranscript *self, guint n)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->messages));

  while (child && n-- > 0)
    child = gtk_widget_get_next_sibling (child);
  return child;
}

static void
insert_view (RiposteTranscript *self, guint position, GtkWidget *after)
{
  g_autoptr (RiposteMessage) message = g_list_model_get_item (G_LIST_MODEL (self->conversation), position);

  gtk_box_insert_child_after (self->messages, riposte_message_view_new (message), after);
}

static void
update_last (RiposteTranscript *self)
{
  GtkWidget *last = gtk_widget_get_last_child (GTK_WIDGET (self->messages));

  for (GtkWidget *view = last; view; view = gtk_widget_get_prev_sibling (view))
    riposte_message_view_set_last (RIPOSTE_MESSAGE_VIEW (view), view == last);
  gtk_widget_set_visible (GTK_WIDGET (self->earlier), self->first > 0);
}

/* From the end. */
static void
fill (RiposteTranscript *self)
{
  guint n = self->conversation ? g_list_model_get_n_items (G_LIST_MODEL (self->conversation)) : 0;
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->messages))))
    gtk_box_remove (self->messages, child);
  self->first = n > PAGE ? n - PAGE : 0;
  for (guint i = n; i-- > self->first;)
    insert_view (self, i, NULL);
  update_last (self);
  self->following = TRUE;
}

static void
on_items_changed (RiposteTranscript *self, guint position, guint removed, guint added)
{
  guint at;
  GtkWidget *before;

  if (added > PAGE || position < self->first)
    {
      fill (self);
      return;
    }
  at = position - self->first;
  for (; removed > 0; removed--)
    gtk_box_remove (self->messages, nth_view (self, at));
  before = at ? nth_view (self, at - 1) : NULL;
  for (guint i = 0; i < added; i++)
    {
      insert_view (self, position + i, before);
      before = before ? gtk_widget_get_next_sibling (before) : gtk_widget_get_first_child (GTK_WIDGET (self->messages));
    }
  update_last (self);
  self->following = self->following || !removed; /* who asks wants to see the answer */
}

static void
on_earlier (RiposteTranscript *self)
{
  guint first = self->first > PAGE ? self->first - PAGE : 0;

  self->following = FALSE;
  for (guint i = self->first; i-- > first;)
    insert_view (self, i, NULL);
  self->first = first;
  update_last (self);
}

void
riposte_transcript_set_conversation (RiposteTranscript *self, RiposteConversation *conversation)
{
  if (self->conversation == conversation)
    return;
  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_set_object (&self->conversation, conversation);
  fill (self);
  if (conversation)
    g_signal_connect_object (conversation, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
}

/* ---- object ---- */

static void
riposte_transcript_init (RiposteTranscript *self)
{
  self->following = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (get_adjustment (self), "changed", G_CALLBACK (on_bounds_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (get_adjustment (self), "value-changed", G_CALLBACK (on_value_changed), self,
                           G_CONNECT_SWAPPED);
}

static void
riposte_transcript_dispose (GObject *object)
{
  RiposteTranscript *self = RIPOSTE_TRANSCRIPT (object);

  if (self->conversation)
    g_signal_handlers_disconnect_by_data (self->conversation, self);
  g_clear_object (&self->conversation);
  G_OBJECT_CLASS (riposte_transcript_parent_class)->dispose (object);
}

static void
riposte_transcript_class_init (RiposteTranscriptClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_transcript_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/transcript.ui");
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, scroller);
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, messages);
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, earlier);
  gtk_widget_class_bind_template_child (widget, RiposteTranscript, jump);
  gtk_widget_class_bind_template_callback (widget, on_earlier);
  gtk_widget_class_bind_template_callback (widget, on_jump);
}
