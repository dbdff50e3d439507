#include "generate/generation.h"

/* Just below redrawing: a flood of tokens never holds back a frame, and other idle work never holds back a token. */
#define PRIORITY_DELIVER (G_PRIORITY_HIGH_IDLE + 25)

typedef struct
{
  char *role, *text;
} Turn;

struct _RiposteGeneration
{
  GObject parent;

  GArray *turns; /* of Turn */
  RpSamplerOptions sampler;
  char *begun;
  char *prefix, *suffix, *file_name;
  RpFimText gap; /* made of these; without a prefix there is none */
  RpCancel cancel;
  GCancellable *cancellable;

  /* what the main thread was told */
  RiposteGenerationInfo info;
  GError *error;

  /* what it will be told next, at most one source on its way */
  GMutex lock;
  GString *posted_text;
  RiposteGenerationInfo posted_info;
  GError *posted_error;
  gboolean source_pending;
};

G_DEFINE_FINAL_TYPE (RiposteGeneration, riposte_generation, G_TYPE_OBJECT)

enum
{
  TEXT,
  CHANGED,
  ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
turn_clear (gpointer data)
{
  Turn *turn = data;

  g_free (turn->role);
  g_free (turn->text);
}

static void
riposte_generation_init (RiposteGeneration *self)
{
  self->turns = g_array_new (FALSE, FALSE, sizeof (Turn));
  g_array_set_clear_func (self->turns, turn_clear);
  self->sampler = RP_SAMPLER_GREEDY;
  self->cancellable = g_cancellable_new ();
  g_mutex_init (&self->lock);
  self->posted_text = g_string_new (NULL);
}

static void
riposte_generation_finalize (GObject *object)
{
  RiposteGeneration *self = RIPOSTE_GENERATION (object);

  g_array_unref (self->turns);
  g_free (self->begun);
  g_free (self->prefix);
  g_free (self->suffix);
  g_free (self->file_name);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
  g_clear_error (&self->posted_error);
  g_string_free (self->posted_text, TRUE);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (riposte_generation_parent_class)->finalize (object);
}

static void
riposte_generation_class_init (RiposteGenerationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_generation_finalize;
  signals[TEXT] = g_signal_new ("text", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, G_TYPE_STRING);
  signals[CHANGED]
    = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED]
    = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

RiposteGeneration *
riposte_generation_new (void)
{
  return g_object_new (RIPOSTE_TYPE_GENERATION, NULL);
}

void
riposte_generation_add_turn (RiposteGeneration *self, const char *role, const char *text)
{
  Turn turn = { g_strdup (role), g_strdup (text) };

  g_array_append_val (self->turns, turn);
}

void
riposte_generation_drop_turns (RiposteGeneration *self, guint n)
{
  guint first = self->turns->len && g_str_equal (g_array_index (self->turns, Turn, 0).role, "system");

  g_return_if_fail (first + n < self->turns->len);
  g_array_remove_range (self->turns, first, n);
}

void
riposte_generation_set_sampler (RiposteGeneration *self, const RpSamplerOptions *sampler)
{
  self->sampler = *sampler;
}

void
riposte_generation_set_begun (RiposteGeneration *self, const char *begun)
{
  g_free (self->begun);
  self->begun = g_strdup (begun);
}

const char *
riposte_generation_get_begun (RiposteGeneration *self)
{
  return self->begun;
}

void
riposte_generation_set_gap (RiposteGeneration *self, const char *prefix, const char *suffix, const char *file_name)
{
  g_return_if_fail (!self->prefix);
  self->prefix = g_strdup (prefix);
  self->suffix = g_strdup (suffix);
  self->file_name = g_strdup (file_name);
  self->gap = (RpFimText){ .prefix = self->prefix,
                           .suffix = self->suffix,
                           .prefix_length = -1,
                           .suffix_length = -1,
                           .file_name = self->file_name };
}

const RpFimText *
riposte_generation_get_gap (RiposteGeneration *self)
{
  return self->prefix ? &self->gap : NULL;
}

const RiposteGenerationInfo *
riposte_generation_get_info (RiposteGeneration *self)
{
  return &self->info;
}

const GError *
riposte_generation_get_error (RiposteGeneration *self)
{
  return self->error;
}

const RpCancel *
riposte_generation_get_cancel_flag (RiposteGeneration *self)
{
  return &self->cancel;
}

GCancellable *
riposte_generation_get_cancellable (RiposteGeneration *self)
{
  return self->cancellable;
}

const RpSamplerOptions *
riposte_generation_get_sampler (RiposteGeneration *self)
{
  return &self->sampler;
}

guint
riposte_generation_get_n_turns (RiposteGeneration *self)
{
  return self->turns->len;
}

RpChatMessage
riposte_generation_get_turn (RiposteGeneration *self, guint index)
{
  const Turn *turn = &g_array_index (self->turns, Turn, index);

  return (RpChatMessage){ turn->role, turn->text };
}

/* ---- from the generator's thread to the window ---- */

static gboolean
deliver (gpointer data)
{
  RiposteGeneration *self = data;
  g_autoptr (GString) text = NULL;
  g_autofree char *chunk = NULL;

  if (self->info.phase == RIPOSTE_PHASE_ENDED)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->lock);
  self->source_pending = FALSE;
  text = self->posted_text;
  self->posted_text = g_string_new (NULL);
  self->info = self->posted_info;
  self->error = g_steal_pointer (&self->posted_error);
  g_mutex_unlock (&self->lock);

  if (text->len)
    g_signal_emit (self, signals[TEXT], 0, text->str);
  g_signal_emit (self, signals[CHANGED], 0);
  if (self->info.phase == RIPOSTE_PHASE_ENDED)
    g_signal_emit (self, signals[ENDED], 0);
  return G_SOURCE_REMOVE;
}

/* With the lock held. */
static void
schedule (RiposteGeneration *self)
{
  g_autoptr (GSource) source = NULL;

  if (self->source_pending)
    return;
  self->source_pending = TRUE;
  source = g_idle_source_new ();
  g_source_set_priority (source, PRIORITY_DELIVER);
  g_source_set_callback (source, deliver, g_object_ref (self), g_object_unref);
  g_source_set_static_name (source, "riposte: answer");
  g_source_attach (source, NULL);
}

void
riposte_generation_post_text (RiposteGeneration *self, const char *text, gsize length)
{
  g_mutex_lock (&self->lock);
  g_string_append_len (self->posted_text, text, length);
  schedule (self);
  g_mutex_unlock (&self->lock);
}

void
riposte_generation_post_info (RiposteGeneration *self, const RiposteGenerationInfo *info)
{
  g_mutex_lock (&self->lock);
  self->posted_info = *info;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

void
riposte_generation_post_end (RiposteGeneration *self, const RiposteGenerationInfo *info, GError *error)
{
  g_mutex_lock (&self->lock);
  self->posted_info = *info;
  self->posted_info.phase = RIPOSTE_PHASE_ENDED;
  g_clear_error (&self->posted_error);
  self->posted_error = error;
  schedule (self);
  g_mutex_unlock (&self->lock);
}

/* One that waits for its turn ends at once, and not when its turn comes. */
void
riposte_generation_cancel (RiposteGeneration *self)
{
  const RiposteGenerationInfo cancelled = { .stop = RP_STOP_CANCELLED };

  rp_cancel_set (&self->cancel);
  g_cancellable_cancel (self->cancellable);
  if (self->info.phase == RIPOSTE_PHASE_WAITING)
    riposte_generation_post_end (self, &cancelled, NULL);
}
