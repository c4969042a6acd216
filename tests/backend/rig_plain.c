/* SPDX-License-Identifier: MIT */
#include "backend/rig.h"

struct rig_scenes rig_system_scenes(void) {
    return (struct rig_scenes){NULL, 0};
}

struct rig_choices rig_system_choices(void) {
    return (struct rig_choices){NULL, 0};
}
