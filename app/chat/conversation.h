/* A conversation: a tree of messages, and the path through it that is shown, as a list model of RiposteMessage. Asking
 * again adds a branch; nothing is overwritten. */
#pragma once

#include "chat/message.h"
#include "generate/generator.h"
#include "store/store.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_CONVERSATION (riposte_conversation_get_type ())
G_DECLARE_FINAL_TYPE (RiposteConversation, riposte_conversation, RIPOSTE, CONVERSATION, GObject)

/* Properties: "title", "settings" (string, writable), "pinned", "elsewhere" (boolean, writable), "busy", "loaded"
 * (boolean), "updated" (int64). */

/* @store (nullable) keeps all that happens in it. */
RiposteConversation *riposte_conversation_new (RiposteStore *store);
/* One that the store has. Its messages are not there until riposte_conversation_load(). */
RiposteConversation *riposte_conversation_new_from_record (RiposteStore *store, const RiposteChatRecord *record);

const char *riposte_conversation_get_id (RiposteConversation *self);
/* NULL until something was asked. */
const char *riposte_conversation_get_title (RiposteConversation *self);
/* By a program: a name that the user gave stays. */
void riposte_conversation_set_title (RiposteConversation *self, const char *title);
void riposte_conversation_rename (RiposteConversation *self, const char *title);
gboolean riposte_conversation_is_named (RiposteConversation *self);
/* Its title is the first line of the first question. */
gboolean riposte_conversation_is_untitled (RiposteConversation *self);
gboolean riposte_conversation_get_pinned (RiposteConversation *self);
void riposte_conversation_set_pinned (RiposteConversation *self, gboolean pinned);
/* Hides it in the store, or brings it back; what is hidden is deleted for good a day later, or by
 * riposte_conversation_purge(). */
void riposte_conversation_set_deleted (RiposteConversation *self, gboolean deleted);
void riposte_conversation_purge (RiposteConversation *self);
/* What is set for this conversation alone, as JSON that its settings' own file knows to read; nullable. */
const char *riposte_conversation_get_settings (RiposteConversation *self);
void riposte_conversation_set_settings (RiposteConversation *self, const char *settings);
/* When something was asked last, in seconds since 1970. */
gint64 riposte_conversation_get_updated (RiposteConversation *self);

/* Fetches the messages where they are not there; notifies "loaded" at the end, after a failure as well. */
void riposte_conversation_load (RiposteConversation *self);
gboolean riposte_conversation_get_loaded (RiposteConversation *self);
const GError *riposte_conversation_get_load_error (RiposteConversation *self);
/* An answer is on its way. */
gboolean riposte_conversation_get_busy (RiposteConversation *self);
/* Whether a service elsewhere is to answer, although a model is here. It is not kept: what leaves this machine after a
 * start was chosen after it. */
gboolean riposte_conversation_get_elsewhere (RiposteConversation *self);
void riposte_conversation_set_elsewhere (RiposteConversation *self, gboolean elsewhere);
/* Who makes the answer that is on its way, or else would make the next one: @generator, or another one that it knows. */
RiposteGenerator *riposte_conversation_choose (RiposteConversation *self, RiposteGenerator *generator);
gboolean riposte_conversation_is_empty (RiposteConversation *self);
/* The last of the path; nullable. */
RiposteMessage *riposte_conversation_get_last (RiposteConversation *self);
/* All branches, in the order of their making; of RiposteMessage. */
GPtrArray *riposte_conversation_get_messages (RiposteConversation *self);
/* Of all branches; nullable. */
RiposteMessage *riposte_conversation_find (RiposteConversation *self, const char *id);

/* Once loaded, and not while busy. The answer grows in this conversation, whatever else happens in the window. */
void riposte_conversation_ask (RiposteConversation *self,
                               const char *question,
                               RiposteGenerator *generator,
                               const RpSamplerOptions *sampler);
gboolean riposte_conversation_can_try_again (RiposteConversation *self);
/* Answers the last question once more, or where there is no answer. */
void riposte_conversation_try_again (RiposteConversation *self,
                                     RiposteGenerator *generator,
                                     const RpSamplerOptions *sampler);
/* Answers the question before @message, an answer of the path, once more; or the question @message at its end. */
void riposte_conversation_answer_again (RiposteConversation *self,
                                        RiposteMessage *message,
                                        RiposteGenerator *generator,
                                        const RpSamplerOptions *sampler);
/* Whether @message is an answer that was stopped or cut off, and can be gone on with. */
gboolean riposte_conversation_can_continue (RiposteConversation *self, RiposteMessage *message);
/* Goes on with @message in another branch, so that what there is stays as it is. */
void riposte_conversation_continue (RiposteConversation *self,
                                    RiposteMessage *message,
                                    RiposteGenerator *generator,
                                    const RpSamplerOptions *sampler);
/* Asks @question instead of @message, a question of the path. */
void riposte_conversation_edit (RiposteConversation *self,
                                RiposteMessage *message,
                                const char *question,
                                RiposteGenerator *generator,
                                const RpSamplerOptions *sampler);
/* Puts @message, an answer of the path, otherwise: another version of it, by no model. */
void riposte_conversation_edit_answer (RiposteConversation *self, RiposteMessage *message, const char *text);
void riposte_conversation_stop (RiposteConversation *self);

/* ---- what a model is given ---- */

/* What the answers to come are told before the first question; nullable. */
void riposte_conversation_set_instructions (RiposteConversation *self, const char *instructions);
gboolean riposte_conversation_has_instructions (RiposteConversation *self);
/* The instructions, and the path up to the last question, which @question (nullable) would be. Not started. */
RiposteGeneration *riposte_conversation_make_prompt (RiposteConversation *self, const char *question);
/* The same, but the question stands in the place of @edited (nullable: at the end of the path). */
RiposteGeneration *
riposte_conversation_make_prompt_for (RiposteConversation *self, RiposteMessage *edited, const char *question);
/* Where on the path the first @n_turns of make_prompt() stand, its instructions not counted; as many as there are. */
guint riposte_conversation_find_turns (RiposteConversation *self, guint n_turns, guint **indices);
/* The first @n_turns of what make_prompt() gives, its instructions not counted, are given to no model any more. */
void riposte_conversation_leave_out (RiposteConversation *self, guint n_turns);
/* All that was left out of the path is given again. */
void riposte_conversation_take_back_in (RiposteConversation *self);
guint riposte_conversation_count_left_out (RiposteConversation *self);
/* Begins an empty conversation with copies of the turns of another one, but for the first @n_left_out, and up to the
 * question @before (nullable: all). */
void riposte_conversation_copy_turns (RiposteConversation *self,
                                      RiposteConversation *from,
                                      guint n_left_out,
                                      RiposteMessage *before);

/* ---- branches ---- */

/* Makes the path lead through @message, and from there on where it led last. */
void riposte_conversation_show (RiposteConversation *self, RiposteMessage *message);
/* Shows the branch @offset further than @message, of those that begin where it does; FALSE where there is none. */
gboolean riposte_conversation_switch_branch (RiposteConversation *self, RiposteMessage *message, int offset);

typedef struct _RiposteRemovedBranch RiposteRemovedBranch;

/* Takes @message out, with all that follows it. Free with riposte_removed_branch_free(). */
RiposteRemovedBranch *riposte_conversation_remove_branch (RiposteConversation *self, RiposteMessage *message);
void riposte_removed_branch_restore (RiposteRemovedBranch *removed);
void riposte_removed_branch_free (RiposteRemovedBranch *removed);

G_END_DECLS
