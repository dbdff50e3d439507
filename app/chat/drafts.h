/* Questions that are written and not asked yet, of conversations that are not shown. */
#pragma once

#include "chat/conversation.h"

G_BEGIN_DECLS

typedef struct _RiposteDrafts RiposteDrafts;

RiposteDrafts *riposte_drafts_new (void);
void riposte_drafts_free (RiposteDrafts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteDrafts, riposte_drafts_free)

/* Both may be NULL, and an empty draft is none. */
void riposte_drafts_keep (RiposteDrafts *self, RiposteConversation *conversation, const char *draft);
/* Returns: (transfer full) (nullable): what was kept for it, and is no more */
char *riposte_drafts_take (RiposteDrafts *self, RiposteConversation *conversation);

/* For the next start: all that is kept, and @draft of @conversation, which is shown. Returns: (transfer full): a{ss} */
GVariant *riposte_drafts_save (RiposteDrafts *self, RiposteConversation *conversation, const char *draft);
/* Those of conversations that have none by now. */
void riposte_drafts_restore (RiposteDrafts *self, GVariant *saved);

G_END_DECLS
