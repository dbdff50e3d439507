/* What to do about a conversation that is longer than the context: shows which messages would be left out, and asks. */
#pragma once

#include <adwaita.h>

#include "chat/conversation.h"
#include "generate/generator.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_ROOM_LEAVE_OUT,  /* the oldest messages; they stay in the chat */
  RIPOSTE_ROOM_LAST_TURNS, /* a new chat begins with those that fit */
  RIPOSTE_ROOM_SUMMARY,    /* a new chat begins with a summary */
  RIPOSTE_ROOM_RAISE,      /* the context */
} RiposteRoomChoice;

#define RIPOSTE_TYPE_ROOM_DIALOG (riposte_room_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RiposteRoomDialog, riposte_room_dialog, RIPOSTE, ROOM_DIALOG, AdwWindow)

/* Signal "chosen" (int choice, const char *summary): once, where it was not cancelled; the summary of SUMMARY. */

/**
 * riposte_room_dialog_new:
 * @measure: of the conversation with what is asked
 * @goes_on: or with the answer that is gone on with
 * @raise_to: tokens that the context could be raised to; 0 where it cannot
 */
RiposteRoomDialog *riposte_room_dialog_new (GtkWindow *parent,
                                            RiposteGenerator *generator,
                                            RiposteConversation *conversation,
                                            const RiposteMeasure *measure,
                                            gboolean goes_on,
                                            guint raise_to);

G_END_DECLS
