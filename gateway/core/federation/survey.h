/* Going through a container's names for an operator, on the thread of space, between what else it does. */
#ifndef SKERRY_CORE_SURVEY_H
#define SKERRY_CORE_SURVEY_H

#include "space.h"

/* A bounded step of the first survey that waits. False: none does. */
bool skr_survey_step(struct skr_space *space);

#endif
