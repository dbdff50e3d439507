#include "chat/welcome.h"

#include "generate/problem.h"

#include <glib/gi18n.h>

struct _RiposteWelcome
{
  AdwBin parent;

  RiposteLocalGenerator *generator;

  GtkStack *stack;
  AdwStatusPage *loading_page, *failed_page, *ready_page;
  GtkProgressBar *progress;
  GtkWidget *retry, *use_cpu;
  GtkBox *suggestions;
};

G_DEFINE_FINAL_TYPE (RiposteWelcome, riposte_welcome, ADW_TYPE_BIN)

static guint suggested_signal;

/* Translators: questions to begin with */
static const char *const questions[] = {
  N_ ("Write a Python function that reverses a string"),
  N_ ("Explain what a race condition is, with an example in C"),
  N_ ("Write a shell script that renames photos by their date"),
};

static void
on_suggestion (GtkButton *button, RiposteWelcome *self)
{
  g_signal_emit (self, suggested_signal, 0, gtk_button_get_label (button));
}

static void
add_suggestions (RiposteWelcome *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      GtkWidget *button = gtk_button_new_with_label (_ (questions[i]));
      GtkWidget *label = gtk_button_get_child (GTK_BUTTON (button));

      gtk_label_set_wrap (GTK_LABEL (label), TRUE);
      gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
      gtk_widget_add_css_class (button, "suggestion");
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_suggestion), self, 0);
      gtk_box_append (self->suggestions, button);
    }
}

/* AdwStatusPage takes markup. */
static void
set_description (AdwStatusPage *page, const char *text, const char *more)
{
  g_autofree char *all = more ? g_strconcat (text, "\n\n", more, NULL) : g_strdup (text);
  g_autofree char *valid = g_utf8_make_valid (all, -1);
  g_autofree char *escaped = g_markup_escape_text (valid, -1);

  adw_status_page_set_description (page, escaped);
}

static void
show_failure (RiposteWelcome *self, const GError *error)
{
  RiposteProblem problem = riposte_problem_describe (error);
  gboolean on_cpu = g_strcmp0 (riposte_local_generator_get_device (self->generator), "cpu") == 0;

  adw_status_page_set_title (self->failed_page, problem.title);
  set_description (self->failed_page, error ? error->message : "", problem.advice);
  gtk_widget_set_visible (self->retry, problem.offer_retry);
  gtk_widget_set_visible (self->use_cpu, problem.offer_cpu && !on_cpu);
}

void
riposte_welcome_update (RiposteWelcome *self, RiposteGenerator *generator)
{
  const char *path = riposte_local_generator_get_path (self->generator);
  g_autofree char *file = path ? g_filename_display_basename (path) : NULL;
  const char *name = riposte_generator_get_name (generator);

  switch (riposte_generator_get_state (generator))
    {
    case RIPOSTE_GENERATOR_LOADING:
      set_description (self->loading_page, file ? file : "", NULL);
      gtk_progress_bar_set_fraction (self->progress, riposte_generator_get_progress (generator));
      gtk_stack_set_visible_child_name (self->stack, "loading");
      break;
    case RIPOSTE_GENERATOR_FAILED:
      show_failure (self, riposte_generator_get_error (generator));
      gtk_stack_set_visible_child_name (self->stack, "failed");
      break;
    case RIPOSTE_GENERATOR_READY:
      set_description (self->ready_page, name ? name : "", NULL);
      gtk_stack_set_visible_child_name (self->stack, "ready");
      break;
    case RIPOSTE_GENERATOR_EMPTY:
    default:
      gtk_stack_set_visible_child_name (self->stack, "empty");
      break;
    }
}

void
riposte_welcome_set_generator (RiposteWelcome *self, RiposteLocalGenerator *generator)
{
  g_return_if_fail (!self->generator);
  self->generator = g_object_ref (generator);
}

static void
riposte_welcome_init (RiposteWelcome *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_suggestions (self);
}

static void
riposte_welcome_dispose (GObject *object)
{
  RiposteWelcome *self = RIPOSTE_WELCOME (object);

  g_clear_object (&self->generator);
  G_OBJECT_CLASS (riposte_welcome_parent_class)->dispose (object);
}

static void
riposte_welcome_class_init (RiposteWelcomeClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_welcome_dispose;
  suggested_signal = g_signal_new ("suggested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/chat/welcome.ui");
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, stack);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, loading_page);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, failed_page);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, ready_page);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, progress);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, retry);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, use_cpu);
  gtk_widget_class_bind_template_child (widget, RiposteWelcome, suggestions);
}
