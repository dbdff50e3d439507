#include "chat/message-view.h"

#include "chat/attachment-view.h"
#include "chat/attachment.h"
#include "chat/branch-bar.h"
#include "markdown/block-text.h"
#include "markdown/gradual-text.h"
#include "markdown/markdown-view.h"
#include "markdown/text-direction.h"
#include "plain-text.h"
#include "chat/select-dialog.h"
#include "chat/thought-fold.h"
#include "application.h"
#include "lazy-tooltip.h"
#include "model-menu.h"
#include "store/search.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#define COPIED_MS   1500
/* Of a question, in bytes; what is longer scrolls within itself, in so many pixels. */
#define MAX_LABEL   6000
#define LONG_HEIGHT 360

struct _RiposteMessageView
{
  GtkBox parent;

  RiposteMessage *message;
  gboolean last;

  AdwBin *body;
  RiposteMarkdownView *markdown; /* of an answer */
  RiposteThoughtFold *thought;   /* of an answer */
  GtkWidget *attachments;        /* (nullable) of a question */
  gsize n_shown;                 /* bytes of what is said */
  guint serial;
  GtkBox *notice, *footer;
  RiposteBranchBar *branches;
  GtkImage *notice_icon;
  GtkLabel *notice_label, *figures, *left_out;
  GtkWidget *make_room;
  GtkButton *copy, *try_again, *go_on;
  GtkMenuButton *other_model;
  guint copied_timeout;
  guint tick; /* something is to be shown in the next frame */
};

G_DEFINE_FINAL_TYPE (RiposteMessageView, riposte_message_view, GTK_TYPE_BOX)

static gboolean
on_copied_timeout (gpointer data)
{
  RiposteMessageView *self = data;

  self->copied_timeout = 0;
  gtk_button_set_icon_name (self->copy, "edit-copy-symbolic");
  return G_SOURCE_REMOVE;
}

static void
on_copy (RiposteMessageView *self)
{
  g_autofree char *plain = riposte_plain_text (riposte_message_get_said (self->message), -1);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), plain);
  gtk_button_set_icon_name (self->copy, "object-select-symbolic");
  g_clear_handle_id (&self->copied_timeout, g_source_remove);
  self->copied_timeout = g_timeout_add (COPIED_MS, on_copied_timeout, self);
}

static void
on_select_text (GtkWidget *widget, const char *name, GVariant *parameter)
{
  riposte_select_dialog_present (widget, riposte_message_get_said (RIPOSTE_MESSAGE_VIEW (widget)->message));
}

/* ---- what stands below an answer ---- */

static void
show_notice (RiposteMessageView *self, const char *icon, const char *text)
{
  gtk_widget_set_visible (GTK_WIDGET (self->notice), text != NULL);
  if (!text)
    return;
  gtk_image_set_from_icon_name (self->notice_icon, icon);
  gtk_label_set_label (self->notice_label, text);
}

/* Why the answer ends where it does, and of what else its reader should know. */
static void
update_notice (RiposteMessageView *self)
{
  const char *icon = "dialog-information-symbolic", *end = NULL, *plain = NULL;
  g_autofree char *both = NULL;

  gtk_widget_set_visible (self->make_room, self->last && riposte_message_lacked_room (self->message));
  switch (riposte_message_get_state (self->message))
    {
    case RIPOSTE_MESSAGE_FAILED:
      gtk_widget_add_css_class (GTK_WIDGET (self->notice), "error");
      icon = "dialog-error-symbolic";
      end = riposte_message_get_error (self->message);
      break;
    case RIPOSTE_MESSAGE_CONTEXT_FULL:
      end = _ ("The context is full, so the answer ends here.");
      break;
    case RIPOSTE_MESSAGE_CUT_OFF:
      end = _ ("Cut off: Riposte ended before this answer did.");
      break;
    case RIPOSTE_MESSAGE_ELSEWHERE:
      icon = "content-loading-symbolic";
      end = _ ("Another window is writing this answer.");
      break;
    default:
      break;
    }
  if (riposte_message_get_info (self->message)->plain)
    plain = _ ("This model has no chat template that can be used, so it was asked in plain text.");
  both = end && plain ? g_strconcat (end, "\n", plain, NULL) : g_strdup (end ? end : plain);
  show_notice (self, icon, both);
}

static char *
describe_figures (RiposteMessageView *self)
{
  const RiposteGenerationInfo *info = riposte_message_get_info (self->message);
  RiposteMessageState state = riposte_message_get_state (self->message);
  g_autofree char *tokens = NULL;
  const char *prefix;

  if (state == RIPOSTE_MESSAGE_WAITING)
    return g_strdup (_ ("Waiting…"));
  if (state == RIPOSTE_MESSAGE_READING)
    /* Translators: the model reads the conversation before it answers; a percentage */
    return g_strdup_printf (_ ("Reading… %u%%"), info->n_to_read ? info->n_read * 100 / info->n_to_read : 0);
  tokens = g_strdup_printf (g_dngettext (NULL, "%'u token", "%'u tokens", info->n_written), info->n_written);
  prefix = state == RIPOSTE_MESSAGE_STOPPED ? _ ("Stopped") : NULL;
  if (info->n_written == 0)
    return g_strdup (prefix ? prefix : "");
  if (info->tokens_per_second > 0)
    /* Translators: optionally "Stopped · ", then tokens of the answer, then tokens a second */
    return g_strdup_printf (_ ("%s%s%s · %.1f tok/s"), prefix ? prefix : "", prefix ? " · " : "", tokens,
                            info->tokens_per_second);
  return g_strconcat (prefix ? prefix : "", prefix ? " · " : "", tokens, NULL);
}

/* How long it took, behind the other figures; when, and by which model, where the pointer rests. */
static char *
add_times (RiposteMessageView *self, char *figures)
{
  double seconds = riposte_message_get_seconds (self->message);
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_local (riposte_message_get_created (self->message));
  g_autofree char *when = created ? g_date_time_format (created, "%c") : g_strdup ("");
  const char *model = riposte_message_get_model (self->message);
  g_autofree char *tooltip = g_strconcat (when, model ? "\n" : NULL, model, NULL);
  char *all;

  riposte_set_lazy_tooltip (GTK_WIDGET (self->figures), tooltip);
  if (riposte_message_is_busy (self->message) || seconds < 0.5 || !*figures)
    return figures;
  /* Translators: figures of an answer, then how many seconds it took */
  all = seconds < 60 ? g_strdup_printf (_ ("%s · %.0f s"), figures, seconds)
                     /* Translators: figures of an answer, then how many minutes and seconds it took */
                     : g_strdup_printf (_ ("%s · %u min %u s"), figures, (guint)seconds / 60, (guint)seconds % 60);
  g_free (figures);
  return all;
}

/* The figures, and who answered: the name of a service's model names its host. */
static char *
describe_answer (RiposteMessageView *self)
{
  g_autofree char *figures = add_times (self, describe_figures (self));
  const char *model = riposte_message_get_model (self->message);
  gboolean waits = riposte_message_get_state (self->message) == RIPOSTE_MESSAGE_WAITING;

  if (!model || waits)
    return g_steal_pointer (&figures);
  return *figures ? g_strconcat (figures, " · ", model, NULL) : g_strdup (model);
}

static void
update_answer (RiposteMessageView *self)
{
  gboolean busy = riposte_message_is_busy (self->message);
  gboolean has_text = *riposte_message_get_said (self->message) != '\0';
  g_autofree char *figures = describe_answer (self);

  gtk_label_set_label (self->figures, figures);
  gtk_widget_set_visible (GTK_WIDGET (self->figures), *figures != '\0');
  gtk_widget_set_visible (GTK_WIDGET (self->body), has_text);
  gtk_widget_set_visible (GTK_WIDGET (self->copy), has_text && !busy);
  gtk_widget_set_visible (GTK_WIDGET (self->try_again), !busy);
  gtk_widget_set_visible (GTK_WIDGET (self->other_model), !busy);
  gtk_widget_set_visible (GTK_WIDGET (self->go_on), riposte_message_can_continue (self->message));
  update_notice (self);
}

static void
show_said (RiposteMessageView *self)
{
  const char *said = riposte_message_get_said (self->message);

  if (!self->markdown || self->serial != riposte_message_get_serial (self->message))
    {
      self->markdown = RIPOSTE_MARKDOWN_VIEW (riposte_markdown_view_new ());
      self->n_shown = strlen (said);
      self->serial = riposte_message_get_serial (self->message);
      riposte_markdown_view_append (self->markdown, said);
      adw_bin_set_child (self->body, GTK_WIDGET (self->markdown));
    }
  else if (said[self->n_shown])
    riposte_markdown_view_append (self->markdown, said + self->n_shown);
  self->n_shown = strlen (said);
  gtk_widget_set_visible (GTK_WIDGET (self->body), self->n_shown > 0);
}

static void
show_news (RiposteMessageView *self)
{
  show_said (self);
  if (!riposte_message_is_busy (self->message))
    riposte_markdown_view_finish (self->markdown);
  riposte_thought_fold_update (self->thought);
  update_answer (self);
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  RiposteMessageView *self = RIPOSTE_MESSAGE_VIEW (widget);

  self->tick = 0;
  show_news (self);
  return G_SOURCE_REMOVE;
}

/* However many tokens come, they are shown once a frame; the end at once. */
static void
on_news (RiposteMessageView *self)
{
  if (riposte_message_is_busy (self->message))
    {
      if (!self->tick)
        self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_tick, NULL, NULL);
      return;
    }
  if (self->tick)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->tick);
  self->tick = 0;
  show_news (self);
}

/* ---- object ---- */

/* When it is opened: models come and go. */
static void
create_model_menu (GtkMenuButton *button, gpointer user_data)
{
  RiposteMessageView *self = user_data;
  GApplication *app = g_application_get_default ();
  RiposteLocalGenerator *generator
    = RIPOSTE_IS_APPLICATION (app) ? riposte_application_get_generator (RIPOSTE_APPLICATION (app)) : NULL;
  g_autofree char *dir = riposte_application_dup_models_dir ();
  g_autoptr (GMenuModel) menu
    = riposte_model_menu_new_again (GTK_WIDGET (button), generator, dir, riposte_message_get_id (self->message));

  gtk_menu_button_set_popover (button, gtk_popover_menu_new_from_model (menu));
}

static void
show_answer (RiposteMessageView *self)
{
  const char *id = riposte_message_get_id (self->message);

  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->try_again), "s", id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->try_again), "answer.again");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->go_on), "s", id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->go_on), "answer.continue");
  gtk_menu_button_set_create_popup_func (self->other_model, create_model_menu, self, NULL);
  self->thought = RIPOSTE_THOUGHT_FOLD (riposte_thought_fold_new (self->message));
  gtk_box_prepend (GTK_BOX (self), GTK_WIDGET (self->thought));
  g_signal_connect_object (self->message, "appended", G_CALLBACK (on_news), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->message, "changed", G_CALLBACK (on_news), self, G_CONNECT_SWAPPED);
  gtk_widget_add_css_class (GTK_WIDGET (self), "answer");
  show_news (self);
}

/* A label is laid out as a whole, which takes as long as its text; a text view only as far as it is seen. */
static GtkWidget *
long_text_new (const char *text)
{
  g_autofree char *broken = riposte_break_lines (text);
  GtkWidget *scroller = gtk_scrolled_window_new (), *view = gtk_text_view_new ();

  gtk_text_view_set_editable (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_cursor_visible (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_buffer_set_enable_undo (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view)), FALSE);
  riposte_gradual_text_add (GTK_TEXT_VIEW (view), broken ? broken : text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Your question"), -1);
  gtk_widget_add_css_class (view, "long-question");
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), LONG_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_widget_set_hexpand (scroller, TRUE);
  return scroller;
}

static GtkWidget *
text_new (const char *text)
{
  GtkWidget *label;

  if (strlen (text) > MAX_LABEL)
    return long_text_new (text);
  label = gtk_label_new (text);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_direction (label, riposte_text_direction (text, FALSE));
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_set_visible (label, *text != '\0');
  return label;
}

/* As it was typed: a question is no Markdown. */
static void
show_question (RiposteMessageView *self)
{
  const char *text = riposte_message_get_text (self->message);
  g_autoptr (GPtrArray) attachments = NULL;
  gsize length = riposte_attachments_split (text, &attachments);
  g_autofree char *plain = riposte_plain_text (text, (gssize)length);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_box_append (GTK_BOX (box), text_new (plain));
  if (attachments->len)
    gtk_box_append (GTK_BOX (box), self->attachments = riposte_attachment_view_new (attachments));
  adw_bin_set_child (self->body, box);
  gtk_widget_add_css_class (GTK_WIDGET (self->body), "question");
  gtk_widget_set_halign (GTK_WIDGET (self->body), strlen (plain) > MAX_LABEL ? GTK_ALIGN_FILL : GTK_ALIGN_END);
  gtk_widget_set_margin_start (GTK_WIDGET (self->body), 48);
  gtk_widget_set_visible (GTK_WIDGET (self->footer), FALSE);
}

static void
riposte_message_view_init (RiposteMessageView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->copy), _ ("Copy"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->try_again), _ ("Try Again"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->go_on), _ ("Continue"));
  riposte_set_lazy_tooltip (GTK_WIDGET (self->other_model), _ ("Try Again with Another Model"));
}

static void
riposte_message_view_dispose (GObject *object)
{
  RiposteMessageView *self = RIPOSTE_MESSAGE_VIEW (object);

  g_clear_handle_id (&self->copied_timeout, g_source_remove);
  g_clear_object (&self->message);
  gtk_widget_dispose_template (GTK_WIDGET (self), RIPOSTE_TYPE_MESSAGE_VIEW);
  G_OBJECT_CLASS (riposte_message_view_parent_class)->dispose (object);
}

static void
riposte_message_view_class_init (RiposteMessageViewClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_message_view_dispose;
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_install_action (widget, "message.select-text", NULL, on_select_text);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/message-view.ui");
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, body);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, notice);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, notice_icon);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, notice_label);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, make_room);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, left_out);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, footer);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, figures);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, copy);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, try_again);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, go_on);
  gtk_widget_class_bind_template_child (widget, RiposteMessageView, other_model);
  gtk_widget_class_bind_template_callback (widget, on_copy);
}

GtkWidget *
riposte_message_view_new (RiposteMessage *message)
{
  RiposteMessageView *self = g_object_new (RIPOSTE_TYPE_MESSAGE_VIEW, NULL);
  gboolean user = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;

  self->message = g_object_ref (message);
  g_object_bind_property (message, "left-out", self->left_out, "visible", G_BINDING_SYNC_CREATE);
  if (user)
    show_question (self);
  else
    show_answer (self);
  self->branches = RIPOSTE_BRANCH_BAR (riposte_branch_bar_new (message));
  gtk_widget_set_halign (GTK_WIDGET (self->branches), user ? GTK_ALIGN_END : GTK_ALIGN_START);
  gtk_box_append (user ? GTK_BOX (self) : self->footer, GTK_WIDGET (self->branches));
  if (user)
    {
      g_object_ref (self->copy);
      gtk_box_remove (self->footer, GTK_WIDGET (self->copy));
      gtk_box_prepend (GTK_BOX (self->branches), GTK_WIDGET (self->copy));
      g_object_unref (self->copy);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  user ? _ ("Your question") : _ ("Answer"), -1);
  return GTK_WIDGET (self);
}

/* ---- what is seen: an answer's texts can be long ---- */

/* Its top below that of the message; 0 where there is none, or not yet a place. */
static int
get_top (RiposteMessageView *self, RiposteMarkdownView *text)
{
  graphene_point_t at;

  if (!gtk_widget_compute_point (GTK_WIDGET (text), GTK_WIDGET (self), &GRAPHENE_POINT_INIT (0, 0), &at))
    return 0;
  return (int)at.y;
}

static guint
list_texts (RiposteMessageView *self, RiposteMarkdownView *texts[2])
{
  guint n = 0;

  if (self->thought && riposte_thought_fold_get_text (self->thought))
    texts[n++] = riposte_thought_fold_get_text (self->thought);
  if (self->markdown)
    texts[n++] = self->markdown;
  return n;
}

void
riposte_message_view_set_seen (RiposteMessageView *self, int top, int bottom)
{
  RiposteMarkdownView *texts[2];

  for (guint i = list_texts (self, texts); i-- > 0;)
    {
      int y = get_top (self, texts[i]);

      riposte_markdown_view_set_seen (texts[i], top - y, bottom - y);
    }
}

gboolean
riposte_message_view_build (RiposteMessageView *self, int top, int bottom, gint64 deadline)
{
  RiposteMarkdownView *texts[2];
  gboolean done = TRUE;

  for (guint i = list_texts (self, texts); i-- > 0 && done;)
    {
      int y = get_top (self, texts[i]);

      done = riposte_markdown_view_build (texts[i], top - y, bottom - y, deadline);
    }
  return done;
}

int
riposte_message_view_take_shift (RiposteMessageView *self)
{
  RiposteMarkdownView *texts[2];
  int shift = 0;

  for (guint i = list_texts (self, texts); i-- > 0;)
    shift += riposte_markdown_view_take_shift (texts[i]);
  return shift;
}

/* What is folded away is unfolded for what stands nowhere else. */
static void
unfold (RiposteMessageView *self, const char *words)
{
  const char *question = self->attachments ? riposte_message_get_text (self->message) : "";
  gsize length = riposte_attachments_split (question, NULL), start, end;

  if (self->thought && riposte_search_find (riposte_message_get_thought (self->message), words, 0, &start, &end))
    riposte_thought_fold_unfold (self->thought);
  if (self->attachments && (!riposte_search_find (question, words, 0, &start, &end) || start >= length))
    riposte_attachment_view_unfold (self->attachments, words);
}

gboolean
riposte_message_view_is_parsing (RiposteMessageView *self)
{
  return self->markdown && riposte_markdown_view_is_parsing (self->markdown);
}

int
riposte_message_view_seek (RiposteMessageView *self, const char *words)
{
  RiposteMarkdownView *texts[2];
  int y = self->markdown ? riposte_markdown_view_seek (self->markdown, words) : -1;

  if (y < 0)
    unfold (self, words);
  for (guint i = list_texts (self, texts); i-- > 0;)
    if ((y = riposte_markdown_view_seek (texts[i], words)) >= 0)
      return get_top (self, texts[i]) + y;
  return 0;
}

RiposteMessage *
riposte_message_view_get_message (RiposteMessageView *self)
{
  return self->message;
}

int
riposte_message_view_get_switching (RiposteMessageView *self)
{
  return riposte_branch_bar_get_focus (self->branches);
}

gboolean
riposte_message_view_focus_switcher (RiposteMessageView *self, int direction)
{
  return riposte_branch_bar_focus (self->branches, direction);
}

void
riposte_message_view_set_last (RiposteMessageView *self, gboolean last)
{
  if (self->last == last)
    return;
  self->last = last;
  riposte_branch_bar_set_last (self->branches, last);
  if (self->markdown)
    update_answer (self);
}
