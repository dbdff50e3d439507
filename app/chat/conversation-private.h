/* What the conversation's files share: conversation.c (what it is, asking and answering), conversation-branches.c (the
 * tree and the path that is shown), conversation-turns.c (what a model is given), conversation-store.c (keeping and
 * loading it). */
#pragma once

#include "chat/conversation.h"

G_BEGIN_DECLS

struct _RiposteConversation
{
  GObject parent;

  char *id, *title, *settings;
  char *instructions; /* nullable */
  gboolean named, pinned, elsewhere;
  gint64 updated;
  GPtrArray *messages; /* all of them, each after the one that it follows */
  GPtrArray *path;     /* from the first to the last that is shown */
  GPtrArray *removed;  /* of RiposteRemovedBranch, not owned: what was taken out and can come back */
  GHashTable *shown;   /* message (NULL: none) -> which of those that follow it was shown last */

  /* of the answer in the making */
  RiposteGeneration *generation;
  RiposteGenerator *generator;
  RiposteMessage *answer;

  RiposteStore *store; /* nullable */
  gboolean loaded, is_loading;
  char *head; /* that the store gave */
  GCancellable *loading;
  GError *load_error;
  guint keep_ms; /* a growing answer is handed over so often */
  guint keep_timeout, watch_timeout;
};

/* ---- conversation.c ---- */
void riposte_conversation_notify_loaded (RiposteConversation *self);
/* What is being written is given up at once, and kept as far as it came. Notifies nobody. */
void riposte_conversation_settle (RiposteConversation *self);

/* ---- conversation-branches.c ---- */
/* A message at the end of the path. */
RiposteMessage *riposte_conversation_add (RiposteConversation *self, RiposteRole role, const char *text);
/* The path ends before @message. */
void riposte_conversation_leave (RiposteConversation *self, RiposteMessage *message);
/* After messages were loaded: the path that ends with the one of that @id, where there is one. */
void riposte_conversation_show_head (RiposteConversation *self, const char *id);

/* ---- conversation-store.c ---- */
void riposte_conversation_keep (RiposteConversation *self, RiposteMessage *message);
/* The answer, within half a second, with what comes until then. */
void riposte_conversation_keep_soon (RiposteConversation *self);
/* Starts the generation once the question and the beginning of the answer are on the disk, or could not be put there. */
void riposte_conversation_keep_and_start (RiposteConversation *self);
void riposte_conversation_keep_head (RiposteConversation *self);
void riposte_conversation_forget_store (RiposteConversation *self);

G_END_DECLS
