#include "application.h"

#include "generate/remote-generator.h"
#include "network/network.h"
#include "preferences/preferences-window.h"
#include "remote-consent.h"
#include "settings.h"
#include "settings-schema.h"
#include "shortcuts-window.h"
#include "spoken-names.h"
#include "window.h"

#include <glib/gi18n.h>
#include <gtksourceview/gtksource.h>

#define DEFAULT_MODEL "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"

struct _RiposteApplication
{
  AdwApplication parent;

  RiposteLocalGenerator *generator;
  RiposteDownloads *downloads;
  RiposteStore *store;
  RipostePresets *presets;
  RpSamplerOptions sampler;
  GtkWindow *shortcuts; /* (nullable) weak: while it is open */
};

G_DEFINE_FINAL_TYPE (RiposteApplication, riposte_application, ADW_TYPE_APPLICATION)

/* Those of an action; shortcuts-window.c says what each is for. */
static const struct
{
  const char *action;
  const char *accels[4];
} accels[] = {
  { "app.quit", { "<Control>q" } },
  { "app.preferences", { "<Control>comma" } },
  { "app.shortcuts", { "<Control>question", "<Control>F1" } },
  { "window.close", { "<Control><Shift>w" } },
  { "win.new-chat", { "<Control>n" } },
  { "win.rename-chat", { "F2" } },
  { "win.delete-chat", { "<Control><Shift>Delete" } },
  { "win.search-chats", { "<Control><Shift>f" } },
  { "win.pin-chat", { "<Control>d" } },
  { "win.next-chat", { "<Alt>Down" } },
  { "win.previous-chat", { "<Alt>Up" } },
  { "win.choose-model", { "<Control>m" } },
  { "win.models", { "<Control><Alt>m" } },
  { "win.reload-model", { "<Control><Shift>m" } },
  { "win.model-menu", { "<Alt>m" } },
  { "win.stop", { "<Control>period" } },
  { "win.try-again", { "<Control>r" } },
  { "win.edit-message('')", { "<Control><Shift>e" } },
  { "win.previous-branch('')", { "<Alt>comma" } },
  { "win.next-branch('')", { "<Alt>period" } },
  { "win.copy-answer", { "<Control><Shift>c" } },
  { "win.select-text", { "<Control>u" } },
  { "win.copy-code", { "<Control><Shift>k" } },
  { "win.insert-code", { "<Control>i" } },
  { "win.focus-composer", { "<Control>l" } },
  { "win.ask-about-code('')", { "<Control><Shift>l" } },
  { "win.zoom-in", { "<Control>plus", "<Control>equal", "<Control>KP_Add" } },
  { "win.zoom-out", { "<Control>minus", "<Control>KP_Subtract" } },
  { "win.zoom-normal", { "<Control>0", "<Control>KP_0" } },
  { "win.next-pane", { "F6" } },
  { "win.previous-pane", { "<Shift>F6" } },
  { "win.show-chats", { "F9" } },
  { "win.show-editor", { "<Control>e" } },
};

/* Its dialogs are windows as well. */
static GtkWindow *
find_window (GtkApplication *application)
{
  for (GList *l = gtk_application_get_windows (application); l; l = l->next)
    if (RIPOSTE_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

/* Where the bus started the program for an action, there is none yet. */
static GtkWindow *
ensure_window (GtkApplication *application)
{
  if (!find_window (application))
    g_application_activate (G_APPLICATION (application));
  return find_window (application);
}

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autoptr (GList) windows = g_list_copy (gtk_application_get_windows (user_data));

  /* its dialogs as well; a window asks about files that are not saved */
  for (GList *l = windows; l; l = l->next)
    gtk_window_close (l->data);
  if (!windows)
    g_application_quit (user_data);
}

static void
on_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  ensure_window (user_data);
  adw_show_about_window (gtk_application_get_active_window (user_data), "application-name", _ ("Riposte"),
                         "application-icon", RIPOSTE_APP_ID, "version", RIPOSTE_VERSION, "license-type",
                         GTK_LICENSE_GPL_3_0, "comments",
                         _ ("A coding chat that runs on your own machine, and works with the network unplugged."),
                         "developer-name", _ ("The Riposte developers"), "copyright", "© 2026 The Riposte developers",
                         /* Translators: your names, one a line */
                         "translator-credits", _ ("translator-credits"), NULL);
}

/* Of a notification: the chat with this id. */
static void
on_show_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window;

  g_application_activate (user_data);
  window = find_window (user_data);
  if (window)
    riposte_window_show_chat_of_id (RIPOSTE_WINDOW (window), g_variant_get_string (parameter, NULL));
}

/* From the desktop's menu of the program. */
static void
on_new_chat (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = ensure_window (user_data);

  if (!window)
    return;
  gtk_window_present (window);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.new-chat", NULL);
}

static void
show_preferences (GtkApplication *application, const char *page)
{
  GtkWindow *window = ensure_window (application) ? gtk_application_get_active_window (application) : NULL;

  if (!window)
    return;
  if (!RIPOSTE_IS_PREFERENCES_WINDOW (window))
    window = GTK_WINDOW (riposte_preferences_window_new (window));
  if (page)
    adw_preferences_window_set_visible_page_name (ADW_PREFERENCES_WINDOW (window), page);
  gtk_window_present (window);
}

static void
on_preferences (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  show_preferences (user_data, NULL);
}

static void
on_shortcuts (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RiposteApplication *self = user_data;
  GtkWindow *window = ensure_window (user_data);

  if (!window)
    return;
  if (!self->shortcuts)
    g_set_weak_pointer (&self->shortcuts, GTK_WINDOW (riposte_shortcuts_window_new (user_data, window)));
  gtk_window_present (self->shortcuts);
}

static void
on_services (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  show_preferences (user_data, "services");
}

static const GActionEntry actions[] = {
  { .name = "show-chat", .activate = on_show_chat, .parameter_type = "s" },
  { .name = "new-chat", .activate = on_new_chat },
  { .name = "quit", .activate = on_quit },
  { .name = "about", .activate = on_about },
  { .name = "preferences", .activate = on_preferences },
  { .name = "shortcuts", .activate = on_shortcuts },
  { .name = "services", .activate = on_services },
};

static void
load_styles (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/dev/riposte/Riposte/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
open_store (RiposteApplication *self)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "conversations.db", NULL);

  self->store = riposte_store_new (path);
}

static void
open_presets (RiposteApplication *self)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "riposte", "presets.json", NULL);

  self->presets = riposte_presets_new (path);
}

static void
restore_device (RiposteApplication *self)
{
  g_autofree char *last = riposte_settings_dup_device ();

  riposte_local_generator_set_device (self->generator, last);
}

static void
set_stand_in (RiposteApplication *self)
{
  g_autoptr (RiposteRemoteGenerator) remote = riposte_remote_generator_new (riposte_service_load ());

  riposte_remote_generator_set_consent_func (remote, riposte_remote_consent_ask, self);
  riposte_local_generator_set_stand_in (self->generator, RIPOSTE_GENERATOR (remote));
}

static void
on_setting (RiposteApplication *self, const char *key)
{
  if (g_str_has_prefix (key, "remote-"))
    set_stand_in (self);
}

static void
keep_stand_in (RiposteApplication *self)
{
  if (riposte_settings_get ())
    g_signal_connect_object (riposte_settings_get (), "changed", G_CALLBACK (on_setting), self, G_CONNECT_SWAPPED);
  set_stand_in (self);
}

static void
riposte_application_startup (GApplication *application)
{
  g_autofree char *models_dir = NULL;
  RiposteApplication *self = RIPOSTE_APPLICATION (application);

  G_APPLICATION_CLASS (riposte_application_parent_class)->startup (application);
  gtk_source_init ();
  keep_stand_in (self);
  gtk_window_set_default_icon_name (RIPOSTE_APP_ID);
  /* a click into an answer is no wish to select all of it */
  g_object_set (gtk_settings_get_default (), "gtk-label-select-on-focus", FALSE, NULL);
  riposte_mend_spoken_names ();
  load_styles ();
  restore_device (self);
  riposte_settings_keep_release (self->generator);
  models_dir = riposte_application_dup_models_dir ();
  self->downloads = riposte_downloads_new (models_dir);
  open_store (self);
  open_presets (self);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (gsize i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accels[i].action, accels[i].accels);
}

/* The one that was used last, or the default one, where it is there. */
static char *
find_last_model (void)
{
  g_autofree char *dir = NULL, *path = riposte_settings_dup_model ();

  if (path && g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_free (path);
  dir = riposte_application_dup_models_dir ();
  path = g_build_filename (dir, DEFAULT_MODEL, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

static void
riposte_application_activate (GApplication *application)
{
  RiposteApplication *self = RIPOSTE_APPLICATION (application);
  GtkWindow *window = find_window (GTK_APPLICATION (application));

  if (!window)
    {
      g_autofree char *model = riposte_local_generator_get_path (self->generator) ? NULL : find_last_model ();

      window = GTK_WINDOW (riposte_window_new (self));
      if (model)
        riposte_local_generator_load (self->generator, model);
    }
  gtk_window_present (window);
}

static void
riposte_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  GtkWindow *window;

  g_application_activate (application);
  window = find_window (GTK_APPLICATION (application));
  for (int i = 0; window && i < n_files; i++)
    riposte_window_open_file (RIPOSTE_WINDOW (window), files[i]);
}

static void
riposte_application_shutdown (GApplication *application)
{
  RiposteApplication *self = RIPOSTE_APPLICATION (application);

  /* the engine's thread ends before anything of the process does */
  riposte_local_generator_shut_down (self->generator);
  riposte_downloads_shut_down (self->downloads);
  /* and what the window handed over when it went is written */
  riposte_store_close (self->store);
  if (self->presets)
    riposte_presets_flush (self->presets);
  riposte_network_flush ();
  G_APPLICATION_CLASS (riposte_application_parent_class)->shutdown (application);
}

char *
riposte_application_dup_models_dir (void)
{
  return g_build_filename (g_get_user_data_dir (), "riposte", "models", NULL);
}

/* ---- the command line ---- */

static const GOptionEntry options[] = {
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, NULL, N_ ("Answer with this model"), N_ ("FILE.gguf") },
  { "device", 'd', 0, G_OPTION_ARG_STRING, NULL, N_ ("Where the model runs: auto, cpu, vulkan or vulkan:N"),
    N_ ("DEVICE") },
  /* as text, because GApplication takes a number 0 for one that was not given */
  { "ctx", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("Most tokens of a conversation (default: what memory allows)"), "N" },
  { "temp", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("Temperature; 0 always takes the likeliest word (default: 0.2)"),
    "T" },
  { "seed", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("The same seed gives the same answer"), "S" },
  { "offline", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Refuse whatever needs the network, whatever the preferences say"),
    NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Show the version"), NULL },
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL, N_ ("[FILE…]") },
  { NULL },
};

/* The number that option @name gives: FALSE, after a message, where it is none within 0 … @max. */
static gboolean
read_number (GVariantDict *dict, const char *name, double max, double *number)
{
  const char *text;
  char *end;
  double value;

  if (!g_variant_dict_lookup (dict, name, "&s", &text))
    return TRUE;
  value = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !(value >= 0 && value <= max))
    {
      g_printerr (_ ("riposte: --%s takes a number from 0 to %g, not “%s”\n"), name, max, text);
      return FALSE;
    }
  *number = value;
  return TRUE;
}

/* @numbers hold what is used where an option is not given. */
typedef struct
{
  double temperature, seed, n_context;
} Numbers;

static gboolean
read_numbers (GVariantDict *dict, Numbers *numbers)
{
  return read_number (dict, "temp", 10, &numbers->temperature)
         && read_number (dict, "seed", G_MAXUINT32, &numbers->seed)
         && read_number (dict, "ctx", 1 << 24, &numbers->n_context);
}

static int
riposte_application_handle_local_options (GApplication *application, GVariantDict *dict)
{
  Numbers numbers;

  if (g_variant_dict_contains (dict, "version"))
    {
      g_print ("Riposte %s\n", RIPOSTE_VERSION);
      return 0;
    }
  /* before anything starts; where a window is open already, its own program is told below */
  if (g_variant_dict_contains (dict, "offline"))
    riposte_network_forbid ();
  return read_numbers (dict, &numbers) ? -1 : 2;
}

static char *
find_given_model (GApplicationCommandLine *line, GVariantDict *dict)
{
  g_autoptr (GFile) file = NULL;
  const char *given;

  if (!g_variant_dict_lookup (dict, "model", "^&ay", &given))
    return NULL;
  file = g_application_command_line_create_file_for_arg (line, given);
  return g_file_get_path (file);
}

static void
open_files (RiposteApplication *self, GApplicationCommandLine *line, GVariantDict *dict)
{
  g_autofree const char **names = NULL;
  GtkWindow *window = find_window (GTK_APPLICATION (self));

  if (!g_variant_dict_lookup (dict, G_OPTION_REMAINING, "^a&ay", &names))
    return;
  for (gsize i = 0; names[i]; i++)
    {
      g_autoptr (GFile) file = g_application_command_line_create_file_for_arg (line, names[i]);
      riposte_window_open_file (RIPOSTE_WINDOW (window), file);
    }
}

static int
riposte_application_command_line (GApplication *application, GApplicationCommandLine *line)
{
  RiposteApplication *self = RIPOSTE_APPLICATION (application);
  GVariantDict *dict = g_application_command_line_get_options_dict (line);
  g_autofree char *model = find_given_model (line, dict);
  Numbers numbers = { self->sampler.temperature, self->sampler.seed, 0 };
  const char *device;

  if (g_variant_dict_contains (dict, "offline"))
    riposte_network_forbid ();
  if (g_variant_dict_lookup (dict, "device", "&s", &device))
    riposte_local_generator_set_device (self->generator, device);
  if (read_numbers (dict, &numbers))
    {
      self->sampler.temperature = numbers.temperature;
      self->sampler.seed = numbers.seed;
      riposte_local_generator_set_n_context (self->generator, numbers.n_context);
    }
  if (model)
    riposte_local_generator_load (self->generator, model);
  g_application_activate (application);
  open_files (self, line, dict);
  return 0;
}

/* ---- object ---- */

static void
riposte_application_init (RiposteApplication *self)
{
  GApplication *application = G_APPLICATION (self);

  self->generator = riposte_local_generator_new ();
  /* what `./run ask` takes too */
  self->sampler = (RpSamplerOptions){
    .temperature = 0.2f,
    .top_p = 0.95f,
    .min_p = 0.05f,
    .repeat_penalty = 1,
    .repeat_last_n = 64,
    .seed = g_random_int (),
  };
  g_application_add_main_option_entries (application, options);
  g_application_set_option_context_summary (application, _ ("A coding chat that runs on your own machine."));
}

static void
riposte_application_finalize (GObject *object)
{
  RiposteApplication *self = RIPOSTE_APPLICATION (object);

  g_clear_weak_pointer (&self->shortcuts);
  g_clear_object (&self->generator);
  g_clear_object (&self->downloads);
  g_clear_object (&self->store);
  g_clear_object (&self->presets);
  G_OBJECT_CLASS (riposte_application_parent_class)->finalize (object);
}

static void
riposte_application_class_init (RiposteApplicationClass *klass)
{
  GApplicationClass *application = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = riposte_application_finalize;
  application->startup = riposte_application_startup;
  application->activate = riposte_application_activate;
  application->open = riposte_application_open;
  application->shutdown = riposte_application_shutdown;
  application->handle_local_options = riposte_application_handle_local_options;
  application->command_line = riposte_application_command_line;
}

RiposteApplication *
riposte_application_new (void)
{
  return g_object_new (RIPOSTE_TYPE_APPLICATION, "application-id", RIPOSTE_APP_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_HANDLES_OPEN, "resource-base-path",
                       "/dev/riposte/Riposte", NULL);
}

RiposteDownloads *
riposte_application_get_downloads (RiposteApplication *self)
{
  return self->downloads;
}

RiposteLocalGenerator *
riposte_application_get_generator (RiposteApplication *self)
{
  return self->generator;
}

RiposteStore *
riposte_application_get_store (RiposteApplication *self)
{
  return self->store;
}

RipostePresets *
riposte_application_get_presets (RiposteApplication *self)
{
  return self->presets;
}

const RpSamplerOptions *
riposte_application_get_sampler (RiposteApplication *self)
{
  return &self->sampler;
}
